import { totalmem } from 'node:os';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from '@freehold/database';
import type { Address, Hex, Offer, SignedReceipt, ToolProposal } from '@freehold/protocol';
import { openJavaScriptEngine } from './engines/javascript.ts';
import { openNativeEngine } from './engines/native.ts';
import { openWasmEngine } from './engines/wasm.ts';
import type { Engine, ProgramKind } from './engine.ts';
import { ComputeError } from './error.ts';
import { isNative, openIdentify, type Plan } from './identify.ts';
import { bufferedInput } from './input.ts';
import { openOwnRuns } from './own/run-own.ts';
import { prepareRunner } from './native/index.ts';
export { targetRefusal } from './native/index.ts';
import { openOffers } from './offers.ts';
import { openPools, type PoolFraction } from './pools.ts';
import { openLanes } from './lanes.ts';
import { openOutputs } from './outputs.ts';
import { openProgramUploads } from './program-uploads.ts';
import { openProgramQuota } from './program-quota.ts';
import { openPrograms } from './programs.ts';
import { seedOf } from './seed.ts';
import { openSecrets } from './secrets.ts';
import { openSecretStore } from './store/secrets.ts';
import { openStore } from './store.ts';
import { openTasks } from './tasks.ts';
import { openSchemas } from './tool/schemas.ts';
import { openTools } from './tool/tools.ts';
import { openWarmTools } from './tool/warm-tools.ts';
import { openUsage } from './usage.ts';
import { openWorkers } from './workers/workers.ts';

export type { AnswerSink } from './cgi/answer-reader.ts';
export { outgoingCookie } from './cgi/cookies.ts';
export { scriptNamesOf, type FunctionRequest } from './cgi/environment.ts';
export type { FunctionHead } from './cgi/head.ts';
export type { FunctionResponse } from './cgi/response.ts';
export type { EngineState } from './engine.ts';
export type { WorkerRow } from './workers/store.ts';
export type { WorkerScript } from './workers/workers.ts';
export type { Service } from './javascript/index.ts';
export { ComputeError, type ComputeErrorCode } from './error.ts';
export type { Mount, TakenFolder } from './mounts/mount.ts';
export type { OwnOutcome } from './own/run-own.ts';
export type { MountChange, MountEntry } from './wasm/index.ts';
export type { Plan } from './identify.ts';
export { bufferedInput, wholeInput, type Input } from './input.ts';
export { probeSandboxes } from './probe.ts';
export type { CallableOffer, ListedOffer } from './offers.ts';
export { secretSizeLimit } from './secrets.ts';
export type { PoolFraction } from './pools.ts';
export type { BatchRequest } from './batch.ts';
export { isOwnFault } from './judge.ts';
export type { LiveTask, TaskChange } from './live.ts';
export { noTurn, type Turn } from './queue.ts';
export type { TaskFilter, TaskRow, TaskState } from './store/tasks.ts';
export type { Statistics } from './usage.ts';
export { seedOfTask } from './seed.ts';
export { tryOut, type Trial, type TrialResult } from './try-out.ts';
export type { Progress } from './tool/progress.ts';
export { toolDocument } from './tool/description.ts';
export type { Outcome } from './outcome.ts';
export { isPublicAddress } from './outbound/public-address.ts';

/** What the outputs of all tasks may take when nothing is said. */
const defaultOutputBytes = 10 * 1024 ** 3;

/** The runner has no more slots. */
const mostSlots = 64;

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
  /** How long the outputs of tasks are kept whose offer does not say, in milliseconds. */
  retention: number;
  /** The `host:port` of private networks that programs may connect to when their offer names them. None by default. */
  ownTargets?: readonly string[];
  /** What the secrets of sellers are sealed with. It is not in the database. */
  key: Uint8Array;
  /** Shares of the node in which calls are free while there is room. */
  pools?: readonly PoolFraction[];
  /** Bytes of programs that an account may keep. No limit by default. */
  programBytesOf?: (account: Address) => Promise<number>;
  /** Bytes that the outputs of all tasks may take. */
  outputBytes?: number | undefined;
};

export type Compute = Awaited<ReturnType<typeof openCompute>>;

/**
 * Opens the functions of the node. All sandboxes prove themselves by doing before this settles; one that cannot is
 * reported in `sandbox`, and its functions are refused with the reason: nothing ever runs unsandboxed.
 */
export async function openCompute({
  database,
  node,
  directory,
  now,
  log,
  recover,
  accepts,
  concurrency,
  retention,
  ownTargets = [],
  key,
  pools: fractions = [],
  programBytesOf = async () => Infinity,
  outputBytes = defaultOutputBytes,
}: ComputeOptions) {
  const store = openStore(database, node);
  // Each has a slot of its own, so that fresh runs never wait for programs that are only kept.
  const warmTools = Math.max(0, Math.min(concurrency, mostSlots - concurrency));
  const programsDirectory = `${directory}/programs`;
  const cacheDirectory = `${directory}/cache`;
  const runner = await prepareRunner({ cacheDirectory, log });
  const [native, wasm, javascript] = await Promise.all([
    openNativeEngine({ cacheDirectory, programsDirectory, slots: concurrency + warmTools, log, ownTargets }),
    openWasmEngine({ runner, cacheDirectory, size: concurrency, log, read: (cid) => programs.read(cid) }),
    openJavaScriptEngine({ runner, size: concurrency, log, read: (cid) => programs.read(cid), ownTargets }),
  ]);
  const engineOf = (kind: ProgramKind) => (isNative(kind) ? native : kind === 'javascript' ? javascript : wasm);
  const sandbox = { native: native.state, wasm: wasm.state, javascript: javascript.state };
  const quota = openProgramQuota({ store, limitOf: programBytesOf, now });
  const programs = openPrograms({
    store,
    directory: programsDirectory,
    quota,
    now,
    states: () => sandbox,
    scriptRefusalOf: javascript.refusalOf,
  });
  const secrets = openSecrets({ store: openSecretStore(database, node), key, now });
  const run: Engine['run'] = async (asked, given, options) => {
    if (!asked.secret) return engineOf(asked.kind).run(asked, given, options);
    const { run, stdin } = await secrets.deliver(asked, given);
    return engineOf(run.kind).run(run, stdin, options);
  };
  const pools = openPools({ fractions, concurrency, memoryBytes: totalmem() });
  const uploads = openProgramUploads({ directory: `${directory}/uploads`, programs, quota, now });
  await Promise.all([programs.tidy(), uploads.sweep()]);
  const identify = openIdentify({ key: await store.keyFor('private inputs', randomBytes(32)) });
  const schemas = openSchemas();
  const warm = openWarmTools({ execute: run, most: warmTools, perOffer: Math.max(1, Math.ceil(warmTools / 2)) });
  const tools = openTools({ schemas, run, plan: identify.call, seedOf, warm });
  const offers = openOffers({ store, programs, now, recover, accepts, pools, secrets, proveTool: tools.prove });
  const lanes = openLanes({ concurrency, now });
  const outputs = openOutputs({ store, directory: join(directory, 'outputs'), limitBytes: outputBytes, now, log });
  const usage = openUsage({ store, now, log });
  const tasks = openTasks({ store, outputs, run, tools, usage, retention, now, log });
  await store.failOpenTasks('The node was restarted before it had ended. Nothing was charged; the same payment can be sent again.', now());
  await outputs.start(tasks.forget);

  return {
    /** Whether each sandbox proved itself, and why not. */
    sandbox,
    programs: {
      add: programs.add,
      get: programs.get,
      withSha256: programs.withSha256,
      held: programs.held,
      letGo: programs.letGo,
      uploads,
    },
    offers,
    secrets: { add: secrets.add, addOs402: secrets.addOs402, list: secrets.list, remove: secrets.remove },
    pools,
    /** Programs that people run for themselves. */
    own: openOwnRuns({ run, enter: lanes.enterOwn }),
    tools: {
      /** What a program says of itself, to be put into the offer that sells it as a tool. Errors: `program_unknown`, `program_refused`. */
      async describe(cid: string, given: Pick<Offer, 'args' | 'env'>): Promise<ToolProposal> {
        const program = await programs.info(cid);
        if (!program)
          throw new ComputeError('program_unknown', 404, `The program ${cid} is not on this node. Upload it first with PUT /api/programs.`);
        const refusal = programs.refusalOf(program);
        if (refusal !== null) throw new ComputeError('sandbox_unavailable', 503, refusal);
        return tools.describe(program, given);
      },
    },
    /** What a request would run, and under which identity. Errors: `request_invalid`. */
    async identify(call: Parameters<typeof identify.call>[0]): Promise<Plan> {
      if (call.call.offer.interface === 'tool')
        await tools.admit({ ...call, input: call.input instanceof Uint8Array ? bufferedInput(call.input) : call.input });
      return identify.call(call);
    },
    /** The same of a batch run. Errors: `request_invalid`, `input_too_large`. */
    identifyBatch: identify.batch,
    /** Waits until a plan may run. Errors: `queue_full`, `cancelled`. */
    enter: lanes.enter,
    /** Refuses what would be refused there. Errors: `queue_full`. */
    mayEnter: lanes.mayEnter,
    /** How many calls wait for their turn, and how many have it. */
    load: lanes.load,
    /** Who sells an offer, however it stands. */
    sellerOf: async (offer: string): Promise<Address | undefined> => (await store.offer(offer))?.offer.owner,
    /** Puter workers. */
    workers: openWorkers({ database, engine: javascript, now }),
    tasks: {
      run: tasks.run,
      start: tasks.start,
      share: tasks.share,
      follow: tasks.follow,
      cancel: tasks.cancel,
      live: tasks.live,
      progress: tasks.progress,
      onChange: tasks.onChange,
      statistics: usage.statistics,
      /** The block of which the task's id is the CID. */
      preimage: store.preimage,
      signature: store.signatureOf,
      sign: store.signTask,
      async find(id: string) {
        await tasks.settle();
        return store.task(id);
      },
      cached: tasks.cached,
      atHand: tasks.atHand,
      countAgain: tasks.countAgain,
      finished: tasks.finished,
      active: () => tasks.active,
      /** Errors: `task_not_found`. */
      async get(id: string) {
        await tasks.settle();
        const row = await store.task(id);
        if (!row) throw new ComputeError('task_not_found', 404, 'No task has this id on this node.');
        return row;
      },
      async list(...page: Parameters<typeof store.tasks>) {
        await tasks.settle();
        return store.tasks(...page);
      },
      async output(id: string) {
        await tasks.settle();
        const row = await store.task(id);
        return row && outputs.read(row);
      },
    },
    receipts: {
      add: (task: string, signed: SignedReceipt) => store.addReceipt(task, signed, now()),
      get: store.receipt,
    },
    /** Bytes of outputs that are kept, of how many. */
    kept: () => ({ bytes: outputs.bytes, limit: outputBytes }),
    /** A key of this cloud that never leaves its nodes. */
    keyFor: (purpose: string) => store.keyFor(purpose, randomBytes(32)),
    async stop() {
      lanes.close('The node is stopping.');
      for (const { id } of tasks.live()) tasks.cancel(id);
      await tasks.idle();
      await Promise.all([outputs.stop(), usage.stop()]);
      warm.stop();
      await Promise.all([native.stop(), wasm.stop(), javascript.stop(), schemas.stop()]);
      await tasks.settle();
    },
  };
}
