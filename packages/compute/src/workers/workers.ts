import { randomUUID } from 'node:crypto';
import type { Database } from '@freehold/database';
import { offerName, type Address, type Limits } from '@freehold/protocol';
import type { AnswerSink } from '../cgi/answer-reader.ts';
import type { FunctionRequest } from '../cgi/environment.ts';
import { performCgi, type Performed } from '../cgi/perform.ts';
import type { JavaScriptEngine } from '../engines/javascript.ts';
import { ComputeError } from '../error.ts';
import type { Input } from '../input.ts';
import { largestScript, type Service } from '../javascript/index.ts';
import { workerEnvironment } from './environment.ts';
import { addWorkerLog, deleteWorker, findWorker, listWorkers, putWorker, readWorkerLog, type WorkerRow } from './store.ts';

const mebibyte = 1024 * 1024;

/** What one call of a worker may use. */
export const workerLimits: Limits = {
  memoryBytes: 128 * mebibyte,
  cpuMs: 2_000,
  wallMs: 30_000,
  outputBytes: 32 * mebibyte,
  inputBytes: 32 * mebibyte,
};
const workersPerAccount = 500;
/** So many calls are remembered in a worker's log. */
const keptCalls = 200;

/** A worker's script as it is now. */
export type WorkerScript = { cid: string; size: number; read: () => Promise<Uint8Array> };
export type Workers = ReturnType<typeof openWorkers>;

/** Puter workers: who has which, and what happens when one is called. Who may call, and as whom it acts, the node decides. */
export function openWorkers({
  database,
  engine,
  now,
}: {
  database: Database;
  engine: Pick<JavaScriptEngine, 'refusalOf' | 'runWorker'>;
  now: () => number;
}) {
  const { read } = database;

  return {
    limits: workerLimits,

    find: (name: string): Promise<WorkerRow | undefined> => findWorker(read, name),
    list: (account: Address): Promise<WorkerRow[]> => listWorkers(read, { account, limit: workersPerAccount }),

    /**
     * Puts a script under a name; one of the same account may have been there before.
     * Errors: `worker_invalid` with what is wrong with the name or the script, `name_taken`.
     */
    async create({ name, account, app, entry, script }: Pick<WorkerRow, 'name' | 'account' | 'app' | 'entry'> & { script: WorkerScript }) {
      if (!offerName.safeParse(name).success)
        throw invalid(
          `${JSON.stringify(name.slice(0, 80))} cannot be the name of a worker: use a to z, 0 to 9 and -, at most 63 characters.`,
        );
      if (script.size > largestScript) throw invalid(`A worker may have at most ${largestScript / mebibyte} MiB.`);
      const refusal = await engine.refusalOf(script.cid, await script.read(), 'worker');
      if (refusal !== null) throw invalid(refusal);
      return database.transaction(async (tx) => {
        const known = await findWorker(tx, name);
        if (known && known.account !== account)
          throw new ComputeError('name_taken', 409, `Somebody else on this node has a worker named ${name}. Choose another name.`);
        if (!known && (await listWorkers(tx, { account, limit: workersPerAccount })).length >= workersPerAccount)
          throw invalid(`An account may have at most ${workersPerAccount} workers. Delete one first.`);
        const worker: WorkerRow = { name, account, app, entry, createdAt: known?.createdAt ?? now() };
        await putWorker(tx, worker);
        return worker;
      });
    },

    /** Whether there was such a worker of the account. */
    remove: (worker: { name: string; account: Address }): Promise<boolean> => database.transaction((tx) => deleteWorker(tx, worker)),

    /** What its calls wrote, newest first. */
    logs: (name: string) => readWorkerLog(read, { worker: name, limit: keptCalls }),

    /** Calls a worker. Errors: `request_invalid`. */
    async call({
      worker,
      script,
      request,
      input,
      services,
      signal,
      sink,
    }: {
      worker: WorkerRow;
      script: WorkerScript;
      request: FunctionRequest;
      input: Input;
      services: Readonly<Record<string, Service>>;
      signal: AbortSignal;
      sink?: AnswerSink;
    }): Promise<Performed> {
      const run = {
        program: script.cid,
        kind: 'javascript' as const,
        entry: null,
        args: [],
        env: workerEnvironment(request, input.size),
        limits: workerLimits,
        seed: undefined,
      };
      const performed = await performCgi({
        execute: (next, stdin, options) => engine.runWorker({ ...next, read: script.read, services }, stdin, options),
        run,
        input: input.read(),
        scriptNames: [],
        redirected: () => ({ env: run.env, input: Buffer.alloc(0) }),
        signal,
        sink,
      });
      const { stderr, reason, message } = performed.result;
      const ended = reason === 'exit' ? '' : `Stopped (${reason}): ${message ?? ''}\n`;
      const text = `${stderr.toString()}${ended}`.replaceAll('\0', '\uFFFD');
      if (text !== '')
        await database.transaction((tx) => addWorkerLog(tx, { id: randomUUID(), worker: worker.name, at: now(), text, keep: keptCalls }));
      return performed;
    },
  };
}

const invalid = (message: string) => new ComputeError('worker_invalid', 422, message);
