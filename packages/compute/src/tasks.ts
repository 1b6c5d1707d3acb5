import { createHash } from 'node:crypto';
import type { Hex } from '@freehold/protocol';
import { CgiOutputError, parseCgiOutput, type FunctionResponse } from './cgi/response.ts';
import type { Engine, RunReason, RunResult } from './engine.ts';
import { ComputeError } from './error.ts';
import type { Plan } from './identify.ts';
import { seedOf } from './seed.ts';
import { isDone, type Store } from './store.ts';
import { outputResponse } from './tool/answer.ts';
import type { ToolAnswer, Tools } from './tool/tools.ts';

/** What came of a task. A failed one has no response and costs nothing. */
export type Outcome = {
  task: string;
  /** True when the result was there already and nothing ran. */
  cached: boolean;
  /** sha256 of the program's standard output. */
  output: Hex;
  usage: { wallUs: number; cpuUs: number; maxRssBytes: number };
} & ({ response: FunctionResponse; failure?: never } | { response?: never; failure: ComputeError });

export type Tasks = ReturnType<typeof openTasks>;

export function openTasks({ store, run, tools, now }: { store: Store; run: Engine['run']; tools: Tools; now: () => number }) {
  const running = new Map<string, Promise<Outcome>>();

  /** The stored outcome of a finished task; undefined when it has not finished well or its output was dropped. */
  async function stored(plan: Plan, task: string, mayReuse: (cacheable: boolean) => boolean): Promise<Outcome | undefined> {
    const row = await store.task(task);
    if (row?.state !== 'done' || !mayReuse(row.cacheable)) return undefined;
    const output = await store.output(task);
    if (!output) return undefined;
    const usage = { wallUs: row.wallUs ?? 0, cpuUs: row.cpuUs ?? 0, maxRssBytes: row.maxRssBytes ?? 0 };
    return { task, cached: true, output: `0x${output.stdoutSha256}`, usage, response: toResponse(plan, output.stdout) };
  }

  async function execute(plan: Plan, task: string, signal: AbortSignal | undefined): Promise<Outcome> {
    const options = signal ? { signal } : {};
    const isTool = plan.call.offer.interface === 'tool';
    // The start is written while the program runs: after a crash before it is durable there is simply no such task.
    const [result] = await Promise.all([
      (isTool ? tools.execute(plan, task, options) : run({ ...plan.run, seed: seedOf(plan, task) }, plan.input, options)).catch(failedRun),
      store.startTask({ id: task, offer: plan.call.id, now: now() }),
    ]);
    const judged = isTool ? judgeTool(result, await tools.answer(plan, result)) : judge(plan, result);
    const stdoutSha256 = createHash('sha256').update(result.stdout).digest('hex');
    await store.finishTask({
      id: task,
      result: judged.result,
      stdoutSha256,
      cacheable: plan.call.offer.deterministic === true && judged.response !== undefined && judged.response.status < 500,
    });
    const usage = { wallUs: result.wallUs, cpuUs: result.cpuUs, maxRssBytes: result.maxRssBytes };
    const common = { task, cached: false, output: `0x${stdoutSha256}` as const, usage };
    return judged.response ? { ...common, response: judged.response } : { ...common, failure: judged.failure };
  }

  return {
    /** The result of an equal earlier call of a deterministic function: free. */
    cached: (plan: Plan): Promise<Outcome | undefined> => stored(plan, plan.requestId, (cacheable) => cacheable),

    /** The result of this very task, whatever its function: what a repeated payment is answered with. */
    finished: (plan: Plan, nonce: Uint8Array): Promise<Outcome | undefined> => stored(plan, plan.taskId(nonce), () => true),

    /** Runs the task, joins it when it is running, or answers its stored result. The result is durable when the promise settles. */
    async run(plan: Plan, { nonce, signal }: { nonce: Uint8Array; signal?: AbortSignal }): Promise<Outcome> {
      const task = plan.taskId(nonce);
      const joined = running.get(task);
      if (joined) return { ...(await joined), cached: true };
      const fresh = stored(plan, task, () => true).then((outcome) => outcome ?? execute(plan, task, signal));
      running.set(task, fresh);
      try {
        return await fresh;
      } finally {
        running.delete(task);
      }
    },

    /** How many tasks run now. */
    get active() {
      return running.size;
    },
  };
}

function toResponse(plan: Plan, stdout: Buffer): FunctionResponse {
  if (plan.call.offer.interface === 'tool') return outputResponse(stdout);
  if (plan.run.kind === 'core') return { status: 200, headers: [['content-type', 'text/plain; charset=utf-8']], body: stdout };
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

/** A run that ended well but did not keep to CGI is a failure too, so that nobody pays for it. */
function judge(plan: Plan, result: RunResult): Judged {
  if (!isDone(result)) return { result, failure: failureOf(result) };
  try {
    return { result, response: toResponse(plan, result.stdout) };
  } catch (error) {
    if (!(error instanceof CgiOutputError)) throw error;
    const invalid: RunResult = { ...result, reason: 'invalid', message: error.message };
    return { result: invalid, failure: failureOf(invalid) };
  }
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
