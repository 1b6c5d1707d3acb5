import { createHash } from 'node:crypto';
import type { Hex } from '@freehold/protocol';
import type { AnswerSink } from './cgi/answer-reader.ts';
import { scriptNamesOf } from './cgi/environment.ts';
import { performCgi, type Performed } from './cgi/perform.ts';
import { parseCgiOutput, type FunctionResponse } from './cgi/response.ts';
import type { Engine, RunReason, RunResult } from './engine.ts';
import { ComputeError } from './error.ts';
import { answerType, isLibrary } from './export-call.ts';
import type { Plan } from './identify.ts';
import type { Log } from './native/log.ts';
import { seedOf } from './seed.ts';
import { isDone, type Store } from './store.ts';
import { outputResponse } from './tool/answer.ts';
import type { ToolAnswer, Tools } from './tool/tools.ts';
import { openWriteBehind } from './write-behind.ts';

/** What came of a task. A failed one has no response and costs nothing. */
export type Outcome = {
  task: string;
  /** True when the result was there already and nothing ran. */
  cached: boolean;
  /** sha256 of the program's standard output. */
  output: Hex;
  /** Null when it was stopped. An answer of a program that then ended with another code than 0 is given, and costs nothing. */
  exitCode: number | null;
  usage: { wallUs: number; cpuUs: number; maxRssBytes: number };
} & ({ response: FunctionResponse; failure?: never } | { response?: never; failure: ComputeError });

export type RunBy = {
  nonce: Uint8Array;
  signal?: AbortSignal;
  /** Takes the answer of a CGI program as it comes, for a call whose result need not be kept. */
  sink?: AnswerSink;
  /** False for a task that nobody can ask for again: it is written into the history a moment later, and a crash may lose that. */
  keep?: boolean;
};

export type Tasks = ReturnType<typeof openTasks>;

export function openTasks({
  store,
  run,
  tools,
  now,
  log,
}: {
  store: Store;
  run: Engine['run'];
  tools: Tools;
  now: () => number;
  log: Log;
}) {
  const running = new Map<string, Promise<Outcome>>();
  const history = openWriteBehind({
    write: store.recordTasks,
    onError: (error, rows) => log('compute.history_lost', { rows, error: String(error) }),
  });

  /** The stored outcome of a finished task; undefined when it has not finished well or its output was dropped. */
  async function stored(plan: Plan, task: string, mayReuse: (cacheable: boolean) => boolean): Promise<Outcome | undefined> {
    const row = await store.task(task);
    if (row?.state !== 'done' || !mayReuse(row.cacheable)) return undefined;
    const output = await store.output(task);
    if (!output) return undefined;
    const usage = { wallUs: row.wallUs ?? 0, cpuUs: row.cpuUs ?? 0, maxRssBytes: row.maxRssBytes ?? 0 };
    return {
      task,
      cached: true,
      output: `0x${output.stdoutSha256}`,
      exitCode: row.exitCode,
      usage,
      response: toResponse(plan, output.stdout),
    };
  }

  /** One CGI program to its answer; any other interface, or an export, is judged by its output. */
  async function perform(plan: Plan, task: string, { signal, sink }: RunBy): Promise<Judged & Pick<Performed, 'sent'>> {
    const options = signal ? { signal } : {};
    if (plan.call.offer.interface === 'tool') {
      const result = await tools.execute(plan, task, { ...options, onProgress: plan.onProgress }).catch(failedRun);
      return judgeTool(result, await tools.answer(plan, result));
    }
    const { call, redirected } = plan;
    const work = { ...plan.run, seed: seedOf(plan, task) };
    const input = plan.input.read();
    if (!redirected) {
      const result = await run(work, input, options).catch(failedRun);
      return isDone(result) ? { result, response: toResponse(plan, result.stdout) } : { result, failure: failureOf(result) };
    }
    const scriptNames = scriptNamesOf(call.offer, call.id);
    const performed = await performCgi({ execute: run, run: work, input, scriptNames, redirected, signal, sink }).catch(
      (error: unknown): Performed => ({ result: failedRun(error) }),
    );
    const { result, response, sent } = performed;
    return { ...(response ? { result, response } : { result, failure: failureOf(result) }), ...(sent && { sent }) };
  }

  async function execute(plan: Plan, task: string, by: RunBy): Promise<Outcome> {
    const letGo = plan.input.hold();
    // The start is written while the program runs: after a crash before it is durable there is simply no such task.
    const begun = { id: task, offer: plan.call.id, now: now() };
    const [judged] = await Promise.all([perform(plan, task, by), by.keep === false ? undefined : store.startTask(begun)]).finally(letGo);
    const { result, sent } = judged;
    const stdoutSha256 = sent?.sha256 ?? createHash('sha256').update(result.stdout).digest('hex');
    const finished = {
      id: task,
      result,
      stdoutSha256,
      isKept: sent?.isWhole ?? true,
      cacheable: plan.call.offer.deterministic === true && isDone(result) && judged.response !== undefined && judged.response.status < 500,
    };
    if (by.keep === false) await history.add({ ...begun, ...finished }, result.stdout.length + result.stderr.length);
    else await store.finishTask(finished);
    const { exitCode, wallUs, cpuUs, maxRssBytes } = result;
    const common = { task, cached: false, output: `0x${stdoutSha256}` as const, exitCode, usage: { wallUs, cpuUs, maxRssBytes } };
    return judged.response ? { ...common, response: judged.response } : { ...common, failure: judged.failure };
  }

  return {
    /** The result of an equal earlier call of a deterministic function: free. */
    cached: async (plan: Plan): Promise<Outcome | undefined> =>
      plan.call.offer.deterministic === true ? stored(plan, plan.requestId, (cacheable) => cacheable) : undefined,

    /** The result of this very task, whatever its function: what a repeated payment is answered with. */
    finished: (plan: Plan, nonce: Uint8Array): Promise<Outcome | undefined> => stored(plan, plan.taskId(nonce), () => true),

    /** Runs the task, joins it when it is running, or answers its stored result. A result that is kept is durable when the promise settles. */
    async run(plan: Plan, by: RunBy): Promise<Outcome> {
      const task = plan.taskId(by.nonce);
      const joined = running.get(task);
      if (joined) return { ...(await joined), cached: true };
      const known = by.keep === false ? Promise.resolve(undefined) : stored(plan, task, () => true);
      const fresh = known.then((outcome) => outcome ?? execute(plan, task, by));
      running.set(task, fresh);
      try {
        return await fresh;
      } finally {
        running.delete(task);
      }
    },

    /** Settles when the history is written that is waited for by nobody. */
    settle: history.flush,

    /** How many tasks run now. */
    get active() {
      return running.size;
    },
  };
}

function toResponse(plan: Plan, stdout: Buffer): FunctionResponse {
  if (plan.call.offer.interface === 'tool') return outputResponse(stdout);
  if (isLibrary(plan.run.kind)) return { status: 200, headers: [['content-type', answerType(plan)]], body: stdout };
  return parseCgiOutput(stdout);
}

type Judged =
  | { result: RunResult; response: FunctionResponse; failure?: never }
  | { result: RunResult; response?: never; failure: ComputeError };

/** A tool's own refusal is its answer, though its run counts as failed. */
function judgeTool(result: RunResult, answer: ToolAnswer): Judged {
  if (answer === undefined) return { result, failure: failureOf(result) };
  if ('response' in answer) return { result, response: answer.response };
  const invalid: RunResult = { ...result, reason: 'invalid', message: answer.fault };
  return { result: invalid, failure: failureOf(invalid) };
}

const explanations: Record<RunReason, string> = {
  exit: 'The program ended with an error code.',
  signal: 'The program crashed.',
  trap: 'The program trapped.',
  wall: 'The program took longer than its offer allows.',
  cpu: 'The program used more processor time than its offer allows.',
  memory: 'The program used more memory than its offer allows.',
  fuel: 'The program ran more instructions than its offer allows.',
  output: 'The program wrote more than its offer allows.',
  killed: 'The run was stopped.',
  spawn: 'The program could not be started.',
  invalid: 'The program did not keep to its interface.',
};

function failureOf(result: RunResult): ComputeError {
  const isTime = result.reason === 'wall' || result.reason === 'cpu';
  const why = result.message ? `${explanations[result.reason]} ${result.message}` : explanations[result.reason];
  return new ComputeError('function_failed', isTime ? 504 : 502, `${why} Nothing was charged.`, {
    details: { reason: result.reason, exitCode: result.exitCode },
  });
}

function failedRun(error: unknown): RunResult {
  const message = error instanceof Error ? error.message : null;
  return {
    reason: 'killed',
    exitCode: null,
    message,
    wallUs: 0,
    cpuUs: 0,
    maxRssBytes: 0,
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
}
