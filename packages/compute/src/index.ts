import type { Database } from '@freehold/database';
import type { Address, Hex, SignedReceipt } from '@freehold/protocol';
import { openNativeEngine } from './engines/native.ts';
import { openWasmEngine } from './engines/wasm.ts';
import { ComputeError } from './error.ts';
import { identify } from './identify.ts';
import { prepareRunner } from './native/index.ts';
import { openOffers } from './offers.ts';
import { openPrograms } from './programs.ts';
import { openStore } from './store.ts';
import { openTasks } from './tasks.ts';

export type { FunctionRequest } from './cgi/environment.ts';
export type { FunctionResponse } from './cgi/response.ts';
export type { EngineState } from './engine.ts';
export { ComputeError, type ComputeErrorCode } from './error.ts';
export type { Plan } from './identify.ts';
export { probeSandboxes } from './probe.ts';
export type { CallableOffer, ListedOffer } from './offers.ts';
export type { TaskRow } from './store.ts';
export type { Outcome } from './tasks.ts';

type Log = (event: string, fields: Record<string, string | number | boolean | undefined>) => void;

export type ComputeOptions = {
  database: Database;
  /** Tells this node from others on the same database; the same after a restart. */
  node: string;
  /** Holds the programs, the compiled runner, and nothing secret. */
  directory: string;
  now: () => number;
  log: Log;
  /** The address that signed a digest, or undefined. */
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  /** True when the node can take money in that token. */
  accepts: (network: string, asset: Address) => boolean;
  /** How many programs may run at once in each engine. */
  concurrency: number;
  /** How long the outputs of tasks are kept, in milliseconds. */
  retention: number;
};

export type Compute = Awaited<ReturnType<typeof openCompute>>;

/**
 * Opens the functions of the node. Both sandboxes prove themselves by doing before this settles; one that cannot is
 * reported in `sandbox`, and its functions are refused with the reason: nothing ever runs unsandboxed.
 */
export async function openCompute({ database, node, directory, now, log, recover, accepts, concurrency, retention }: ComputeOptions) {
  const store = openStore(database, node);
  const programsDirectory = `${directory}/programs`;
  const cacheDirectory = `${directory}/cache`;
  const runner = await prepareRunner({ cacheDirectory, log });
  const [native, wasm] = await Promise.all([
    openNativeEngine({ cacheDirectory, programsDirectory, slots: concurrency, log }),
    openWasmEngine({ runner, size: concurrency, log, read: (cid) => programs.read(cid) }),
  ]);
  const engines = { native, wasm };
  const sandbox = { native: native.state, wasm: wasm.state };
  const programs = openPrograms({ store, directory: programsDirectory, now, states: () => sandbox });
  const offers = openOffers({ store, programs, now, recover, accepts });
  const tasks = openTasks({ store, engines, now });
  await store.failRunning();
  await store.forgetOutputs(now() - retention);

  return {
    /** Whether each sandbox proved itself, and why not. */
    sandbox,
    programs: { add: programs.add },
    offers,
    identify,
    tasks: {
      run: tasks.run,
      cached: tasks.cached,
      finished: tasks.finished,
      active: () => tasks.active,
      /** Errors: `task_not_found`. */
      async get(id: string) {
        const row = await store.task(id);
        if (!row) throw new ComputeError('task_not_found', 404, 'No task has this id on this node.');
        return row;
      },
      list: store.tasks,
      output: store.output,
    },
    receipts: {
      add: (task: string, signed: SignedReceipt) => store.addReceipt(task, signed, now()),
      get: store.receipt,
    },
    async stop() {
      await Promise.all([native.stop(), wasm.stop()]);
    },
  };
}
