import type { Performed } from './cgi/perform.ts';
import { parseCgiOutput, type FunctionResponse } from './cgi/response.ts';
import type { RunReason, RunResult } from './engine.ts';
import { ComputeError } from './error.ts';
import { answerType, isLibrary } from './export-call.ts';
import type { Plan } from './identify.ts';
import { isDone } from './store/tasks.ts';
import { outputResponse, refusalResponse } from './tool/answer.ts';

export type Judged = { result: RunResult; isWorthMoney: boolean } & (
  | { response: FunctionResponse; failure?: never }
  | { response?: never; failure: ComputeError }
);

/**
 * What a run is worth. One without an answer is a failure. An answer in which the program itself refuses costs nothing, and neither
 * does one after which it ended with an error code, unless its offer charges for failures.
 */
export function judge({ call: { offer } }: Plan, { result, response }: Performed): Judged {
  const isChargedFailure = offer.chargeOnError === true && isOwnFault(result.reason) && (!response || !isDone(result));
  if (!response) return { result, isWorthMoney: isChargedFailure, failure: failureOf(result, isChargedFailure) };
  return { result, response, isWorthMoney: isChargedFailure || (isDone(result) && response.status < 400) };
}

/** The same of what was stored. */
export function judgeStored(plan: Plan, result: RunResult, isCharged: boolean): Pick<Judged, 'response' | 'failure'> {
  if (isDone(result)) return { response: toResponse(plan, result.stdout) };
  const refusal = plan.call.offer.interface === 'tool' ? refusalResponse(result) : undefined;
  return refusal ? { response: refusal } : { failure: failureOf(result, isCharged) };
}

export function toResponse({ run, call }: Plan, stdout: Buffer): FunctionResponse {
  if (call.offer.interface === 'batch') return { status: 200, headers: [['content-type', 'application/octet-stream']], body: stdout };
  if (call.offer.interface === 'tool') return outputResponse(stdout);
  if (isLibrary(run.kind)) return { status: 200, headers: [['content-type', answerType({ run, call })]], body: stdout };
  return parseCgiOutput(stdout);
}

/** Ends that are the program's doing, or its caller's: an offer with `chargeOnError` charges for them. The node's own failures are never charged. */
const ownFaults: ReadonlySet<unknown> = new Set<RunReason>([
  'exit',
  'signal',
  'trap',
  'wall',
  'cpu',
  'memory',
  'fuel',
  'output',
  'invalid',
]);
export const isOwnFault = (reason: unknown): boolean => ownFaults.has(reason);

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

/** What is told of a run that failed. */
function failureOf({ reason, exitCode, message }: Pick<RunResult, 'reason' | 'exitCode' | 'message'>, isCharged: boolean): ComputeError {
  const isTime = reason === 'wall' || reason === 'cpu';
  const why = message ? `${explanations[reason]} ${message}` : explanations[reason];
  const cost = isCharged ? 'It is charged, as its offer says.' : 'Nothing was charged.';
  return new ComputeError('function_failed', isTime ? 504 : 502, `${why} ${cost}`, { details: { reason, exitCode } });
}

/** An engine that could not run the program at all. */
export function failedRun(error: unknown): RunResult {
  const message = error instanceof Error ? error.message : null;
  const nothing = Buffer.alloc(0);
  return { reason: 'killed', exitCode: null, message, wallUs: 0, cpuUs: 0, maxRssBytes: 0, stdout: nothing, stderr: nothing };
}
