import type { RunOptions, RunResult } from '../engine.ts';
import type { Log } from '../native/log.ts';
import type { Frame } from '../host/frame.ts';
import { faultOf, startHost, type HostEnd, type HostProgram, type Launch } from '../host/process.ts';
import { cpuMsOf, residentBytesOf } from '../host/process-usage.ts';
import { openAsks } from './asks.ts';
import { largestScript, mostStderr, shortInput, type JavaScriptJob, type JavaScriptReason, type RunHead } from './job.ts';
import { readAsk, readPart, readReady, readResult } from './read-frames.ts';
import { realmModules } from './realm-modules.ts';

/** Code is compiled from modules only, never from strings, neither in a guest's realm nor in the host's own. */
export const javascriptHost: HostProgram = {
  entry: 'compute/src/javascript/host.ts',
  options: ['--experimental-vm-modules', '--disallow-code-generation-from-strings', '--max-old-space-size=2048', '--stack-size=900'],
};

const largestFrame = 4 * 1024 * 1024 + largestScript;
const tickMs = 20;
/** What a host process may take besides what its job was granted: Node, and the realms of calls that were not collected yet. */
const hostBytes = 256 * 1024 * 1024;
/** A process that has grown to this while idle is replaced, so that what it keeps is not charged to the next call. */
const retireBytes = 224 * 1024 * 1024;
/** After a call its process has this long to be ready for the next one. */
const mostRecoveryMs = 1000;

const nothing = Buffer.alloc(0);

/** A host process, watched from outside, that serves one program in all its life. */
export type Worker = {
  readonly ready: Promise<void>;
  readonly ended: Promise<{ wasReady: boolean; said: string }>;
  readonly free: boolean;
  /** The program it serves; undefined while it has not been given one. */
  readonly program: string | undefined;
  /** When it was last given something to do. */
  readonly usedAt: number;
  run(job: JavaScriptJob, input: Buffer | AsyncIterable<Uint8Array>, options: RunOptions): Promise<RunResult>;
  kill(): void;
};

type Verdict = { reason: JavaScriptReason; message: string };
type Running = {
  job: JavaScriptJob;
  startedAt: number;
  cpuMs: number;
  residentBytes: number;
  verdict?: Verdict;
  stdout: Buffer[];
  stderr: Buffer[];
  written: number;
  logged: number;
  /** What the caller has not taken yet. */
  taking: Promise<void>;
  input: AsyncIterator<Uint8Array> | undefined;
  asks: ReturnType<typeof openAsks>;
  options: RunOptions;
  finish(result: RunResult): void;
  fail(error: Error): void;
};

export function startWorker({ launch, log, onFree }: { launch: Launch; log: Log; onFree: () => void }): Worker {
  const ready = Promise.withResolvers<void>();
  let state: 'starting' | 'ready' | 'busy' | 'recovering' | 'ended' = 'starting';
  let program: string | undefined;
  let usedAt = performance.now();
  let running: Running | undefined;
  let recovery: NodeJS.Timeout | undefined;
  let idleCpuMs = 0;

  const host = startHost({ launch, program: javascriptHost, mode: 'serve', parameter: String(largestFrame), limit: largestFrame, onFrame });
  host.send('modules', null, [Buffer.from(JSON.stringify(realmModules()))]);
  const ended = host.ended.then((end) => {
    const wasReady = state !== 'starting';
    state = 'ended';
    clearTimeout(recovery);
    ready.reject(new Error(end.said));
    const interrupted = running;
    if (interrupted) {
      if (!interrupted.verdict)
        log('compute.javascript.host-ended', { code: end.code ?? undefined, signal: end.signal ?? undefined, said: end.said });
      interrupted.finish(interruptedResult(interrupted, end));
    }
    return { wasReady, said: end.said || `it ended with ${end.signal ?? `code ${end.code}`}` };
  });
  // Whoever waits for it learns it from `ended` too.
  ready.promise.catch(() => undefined);

  /** Throws at what a host does not send when all is well; it is then killed. */
  function onFrame({ kind, head, body }: Frame): void {
    const now = running;
    if (kind === 'ready' && (state === 'starting' || state === 'recovering')) {
      clearTimeout(recovery);
      const isFirst = state === 'starting';
      state = 'ready';
      idleCpuMs = readReady(head).processCpuMs;
      if (isFirst) ready.resolve();
      else if (residentBytesOf(host.pid) > retireBytes) return retire();
      onFree();
    } else if (!now) throw new Error(`a ${kind} frame was not expected`);
    else if (kind === 'output') takeOutput(now, bufferOf(body));
    else if (kind === 'log') takeLog(now, bufferOf(body));
    else if (kind === 'pull') void sendInput(now);
    else if (kind === 'ask') void now.asks.ask(readAsk(head), body);
    else if (kind === 'more') void now.asks.more(readPart(head).id);
    else if (kind === 'cancel') now.asks.cancel(readPart(head).id);
    else if (kind === 'result') {
      const result = readResult(head);
      state = 'recovering';
      recovery = setTimeout(end, mostRecoveryMs);
      const rest = {
        ...usageOf(now),
        wallUs: result.wallUs,
        cpuUs: result.cpuUs,
        exitCode: result.reason === 'exit' ? result.exitCode : null,
      };
      const message =
        result.reason === 'output' ? `It wrote more than the ${now.job.limits.outputBytes} bytes it may.` : (result.message ?? null);
      // What was written before it must have been taken, too.
      void now.taking.then(() => now.finish({ reason: result.reason, message, ...rest, ...collected(now) }));
    } else throw new Error(`a ${kind} frame was not expected`);
  }

  function takeOutput(now: Running, chunk: Buffer): void {
    now.written += chunk.length;
    // A host that was taken over counts no longer.
    if (now.written > now.job.limits.outputBytes) {
      stop(now, { reason: 'output', message: `It wrote more than the ${now.job.limits.outputBytes} bytes it may.` });
      return;
    }
    const { onStdout } = now.options;
    if (!onStdout) return void now.stdout.push(chunk);
    const taken = onStdout(chunk);
    if (!taken) return;
    host.pause();
    now.taking = Promise.all([now.taking, taken])
      .then(() => host.resume())
      .catch((error: unknown) => breakOff(now, error));
  }

  function takeLog(now: Running, chunk: Buffer): void {
    now.logged += chunk.length;
    if (now.logged > 2 * mostStderr) throw new Error('more on standard error than it may write');
    if (now.options.onStderr) void now.options.onStderr(chunk);
    else now.stderr.push(chunk);
  }

  /** `short`: all of its input. */
  async function begin(now: Running, short: Uint8Array | undefined): Promise<void> {
    try {
      if (program === undefined) {
        program = programOf(now.job);
        const source = await now.job.read();
        // It may have been given up, or its process may have ended.
        if (running !== now) return;
        host.send('program', { kind: now.job.kind }, [source]);
      }
      host.send('run', toHead(now.job, short !== undefined), short ? [short] : []);
    } catch (error) {
      breakOff(now, error);
    }
  }

  async function sendInput(now: Running): Promise<void> {
    try {
      const next = await now.input?.next();
      if (running !== now) return;
      if (!next || next.done === true) host.send('input');
      else if (next.value.length === 0) await sendInput(now);
      else
        for (let from = 0; from < next.value.length; from += shortInput)
          host.send('input', null, [next.value.subarray(from, from + shortInput)]);
    } catch (error) {
      breakOff(now, error);
    }
  }

  function watch(now: Running): void {
    const { limits } = now.job;
    now.residentBytes = residentBytesOf(host.pid);
    now.cpuMs = cpuMsOf(host.pid) - idleCpuMs;
    if (performance.now() - now.startedAt > limits.wallMs)
      stop(now, { reason: 'wall', message: `It ran longer than ${limits.wallMs} ms.` });
    else if (now.cpuMs > limits.cpuMs) stop(now, { reason: 'cpu', message: `It used more than ${limits.cpuMs} ms of processor time.` });
    else if (now.residentBytes > hostBytes + limits.memoryBytes + 3 * limits.outputBytes)
      stop(now, { reason: 'memory', message: `It used more memory than the ${limits.memoryBytes} bytes it may.` });
  }

  function stop(now: Running, verdict: Verdict): void {
    if (running !== now || now.verdict) return;
    now.verdict = verdict;
    end();
    // Its caller need not wait until the system has taken the process apart.
    now.finish(interruptedResult(now, { code: null, signal: 'SIGKILL', said: '' }));
  }

  /** Ends a call whose input cannot be had, or whose output cannot be taken. */
  function breakOff(now: Running, error: unknown): void {
    // The process may be at another call by now.
    if (running !== now) return;
    now.fail(error instanceof Error ? error : new Error(String(error)));
    end();
  }

  function retire(): void {
    log('compute.javascript.host-retired', { residentBytes: residentBytesOf(host.pid) });
    end();
  }

  /** From now on it is given nothing more to do. */
  function end(): void {
    state = 'ended';
    host.kill();
  }

  return {
    ready: ready.promise,
    ended,
    get free() {
      return state === 'ready';
    },
    get program() {
      return program;
    },
    get usedAt() {
      return usedAt;
    },
    kill: end,
    run(job, input, options) {
      state = 'busy';
      usedAt = performance.now();
      const { signal } = options;
      const done = Promise.withResolvers<RunResult>();
      const settle = () => {
        clearInterval(timer);
        signal?.removeEventListener('abort', giveUp);
        now.asks.end();
        void now.input?.return?.();
        if (running === now) running = undefined;
      };
      const short = input instanceof Uint8Array && input.length <= shortInput ? input : undefined;
      const now: Running = {
        job,
        startedAt: performance.now(),
        cpuMs: 0,
        residentBytes: 0,
        stdout: [],
        stderr: [],
        written: 0,
        logged: 0,
        taking: Promise.resolve(),
        input: short ? undefined : iteratorOf(input),
        asks: openAsks({ services: job.services, send: host.send }),
        options,
        finish(result) {
          settle();
          done.resolve(result);
        },
        fail(error) {
          settle();
          done.reject(error);
        },
      };
      const giveUp = () => stop(now, { reason: 'killed', message: 'The caller gave up.' });
      const timer = setInterval(() => watch(now), Math.min(tickMs, job.limits.wallMs));
      running = now;
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted) giveUp();
      else void begin(now, short);
      return done.promise;
    },
  };
}

/** A program that is run as a worker is given other globals than one that is not. */
export const programOf = ({ program, kind }: Pick<JavaScriptJob, 'program' | 'kind'>): string => `${kind}:${program}`;

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const iteratorOf = (input: Buffer | AsyncIterable<Uint8Array>) =>
  (input instanceof Uint8Array ? once(input) : input)[Symbol.asyncIterator]();

const collected = ({ stdout, stderr }: Running) => ({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });

const usageOf = ({ startedAt, cpuMs, residentBytes }: Running) => ({
  wallUs: Math.round((performance.now() - startedAt) * 1000),
  cpuUs: Math.round(Math.max(0, cpuMs) * 1000),
  maxRssBytes: residentBytes,
});

function toHead({ kind, args, env, limits, services, fixedTime, seed, checkOnly = false }: JavaScriptJob, inputEnds: boolean): RunHead {
  return {
    kind,
    args,
    env,
    outputBytes: limits.outputBytes,
    inputEnds,
    checkOnly,
    services: Object.keys(services),
    ...(fixedTime !== undefined && { fixedTime }),
    ...(seed && { seed: Buffer.from(seed).toString('hex') }),
  };
}

/** The result of a call that was given up before it began. */
export const neverStarted = (): RunResult => ({
  reason: 'killed',
  message: 'The caller gave up.',
  exitCode: null,
  wallUs: 0,
  cpuUs: 0,
  maxRssBytes: 0,
  stdout: nothing,
  stderr: nothing,
});

/** The result of a call whose process ended under it: because we killed it, or for a reason of its own. */
function interruptedResult(now: Running, end: HostEnd): RunResult {
  return { ...(now.verdict ?? faultOf(end)), exitCode: null, ...usageOf(now), ...collected(now) };
}
