import type { Engine, Run, RunResult } from '../engine.ts';
import { openAnswerReader, readAnswer, type AnswerSink, type OwnPath } from './answer-reader.ts';
import type { CgiHead } from './head.ts';
import { CgiOutputError } from './header-block.ts';
import { mostRedirects, ownPath } from './local-redirect.ts';
import type { FunctionResponse } from './response.ts';

export type CgiWork = {
  execute: Engine['run'];
  run: Run;
  input: Buffer | AsyncIterable<Uint8Array>;
  /** The paths by which the program may name itself: see `ownPath`. */
  scriptNames: readonly string[];
  /** What the program is given when it is run for another of its paths. */
  redirected: (to: OwnPath) => { env: Record<string, string>; input: Buffer };
  signal?: AbortSignal | undefined;
  /** Fires `signal`, for a program that does not keep to CGI. Without one, a signal is made that follows the given one. */
  stop?: (() => void) | undefined;
  /** Takes the answer as it comes; without one it is in the response. */
  sink?: AnswerSink | undefined;
};

export type Performed = {
  /** All runs together. `stdout` is that of the last. */
  result: RunResult;
  /** Absent when the program did not answer as CGI has it, or was stopped. */
  response?: FunctionResponse;
  /** Present when the sink was given a head: sha256 of the output, and whether `result` has it all. */
  sent?: { sha256: string; isWhole: boolean };
};

/**
 * Runs a CGI program to its answer. One that asks for another of its own paths (RFC 3875 §6.2.2) is run again for that one, at
 * most three times, all within the limits of the one call.
 */
export async function performCgi(work: CgiWork): Promise<Performed> {
  const { signal, stop } = work;
  if (signal && stop) return perform({ ...work, signal, stop });
  const stopped = new AbortController();
  const follow = () => stopped.abort();
  signal?.addEventListener('abort', follow, { once: true });
  if (signal?.aborted) follow();
  try {
    return await perform({ ...work, signal: stopped.signal, stop: follow });
  } finally {
    signal?.removeEventListener('abort', follow);
  }
}

async function perform({
  execute,
  run,
  input,
  scriptNames,
  redirected,
  signal,
  stop,
  sink,
}: CgiWork & { signal: AbortSignal; stop: () => void }): Promise<Performed> {
  const ownPathOf = ({ redirect }: CgiHead) => (redirect === undefined ? undefined : ownPath(redirect, scriptNames));

  async function once(next: Run, stdin: CgiWork['input'], spent: RunResult | undefined): Promise<Performed & { target?: OwnPath }> {
    const reader = sink && openAnswerReader({ sink, ownPathOf, stop });
    const last = await execute(next, stdin, { signal, ...(reader && { onStdout: reader.take }) });
    const sent = reader?.sent();
    const result = { ...sumOf(spent, last), ...(sent?.stdout && { stdout: sent.stdout }) };
    const common = sent ? { sent: { sha256: sent.sha256, isWhole: sent.stdout !== undefined } } : {};
    const invalid = (error: CgiOutputError): Performed => ({
      result: { ...result, reason: 'invalid', message: `${error.message}.` },
      ...common,
    });
    const failure = reader?.failure();
    if (failure) return invalid(failure);
    if (last.reason !== 'exit') return { result, ...common };
    try {
      return { result, ...(reader ? reader.end() : readAnswer(last.stdout, ownPathOf)), ...common };
    } catch (error) {
      if (!(error instanceof CgiOutputError)) throw error;
      // A program that ended with an error code is told that, and not that its answer is missing.
      return (last.exitCode ?? 0) === 0 ? invalid(error) : { result, ...common };
    }
  }

  let performed = await once(run, input, undefined);
  for (let redirects = 0; performed.target; redirects++) {
    const { result, target } = performed;
    if (redirects === mostRedirects) {
      const message = `The program sent the call on to another of its paths more than ${mostRedirects} times.`;
      return { result: { ...result, reason: 'invalid', message } };
    }
    const limits = remaining(run, result);
    if (!limits) return { result: { ...result, reason: result.cpuUs >= run.limits.cpuMs * 1000 ? 'cpu' : 'wall' } };
    const next = redirected(target);
    performed = await once({ ...run, env: next.env, limits }, next.input, result);
  }
  return performed;
}

/** What is left of the limits of the call; undefined when nothing is. */
function remaining({ limits }: Run, spent: RunResult): Run['limits'] | undefined {
  const cpuMs = limits.cpuMs - Math.ceil(spent.cpuUs / 1000);
  const wallMs = limits.wallMs - Math.ceil(spent.wallUs / 1000);
  const fuel = limits.fuel === undefined ? undefined : limits.fuel - (spent.fuel ?? 0);
  if (cpuMs < 1 || wallMs < 1 || (fuel !== undefined && fuel < 1)) return undefined;
  return { ...limits, cpuMs, wallMs, ...(fuel !== undefined && { fuel }) };
}

function sumOf(before: RunResult | undefined, last: RunResult): RunResult {
  if (!before) return last;
  return {
    ...last,
    wallUs: before.wallUs + last.wallUs,
    cpuUs: before.cpuUs + last.cpuUs,
    maxRssBytes: Math.max(before.maxRssBytes, last.maxRssBytes),
    ...(last.fuel !== undefined && { fuel: (before.fuel ?? 0) + last.fuel }),
    stderr: Buffer.concat([before.stderr, last.stderr]),
  };
}
