import type { Log } from '../native/log.ts';
import type { Frame } from '../host/frame.ts';
import { faultOf, startHost, type HostEnd, type Launch } from '../host/process.ts';
import { largestProgram } from './inspect.ts';
import {
  largestStream,
  stderrBytes,
  type ReadHead,
  type ResultHead,
  type RunHead,
  type WasmJob,
  type WasmReason,
  type WasmResult,
} from './job.ts';
import { readReadHead, readReadyHead, readResultHead, toChanges } from './read-result.ts';
import { cpuMsOf, residentBytesOf } from '../host/process-usage.ts';
import { wasmHost } from './prove.ts';

/** A result may bring a whole output and a whole scratch folder besides. */
const largestFrame = Math.max(2 * largestStream, largestProgram) + stderrBytes + 4 * 1024 * 1024;
/** How often limits are looked at while a job runs: a job is ended within twice of it, since the kernel counts time in as much. */
const tickMs = 10;
/** What a host process may take besides what its job was granted: Node, its heap (128 MiB), compiled code. */
const hostBytes = 384 * 1024 * 1024;
/** A process that has grown to this while idle is replaced, so that what it keeps is not charged to the next job. */
const retireBytes = 256 * 1024 * 1024;
/** After a job the process first collects what the job left behind. */
const settleMs = 200;

/** A host process, watched from outside while it runs one job at a time. */
export type Worker = {
  readonly ready: Promise<void>;
  readonly ended: Promise<{ wasReady: boolean; said: string }>;
  readonly free: boolean;
  /** Whether it was sent the program. It may have dropped it since, and then asks again. */
  has(program: string): boolean;
  /** Resolves whatever happens to the process; rejects only when the program cannot be read. */
  run(job: WasmJob, signal: AbortSignal | undefined): Promise<WasmResult>;
  kill(): void;
};

type Verdict = { reason: WasmReason; trap: string };
type Running = {
  job: WasmJob;
  startedAt: number;
  /** As last seen from outside. */
  cpuMs: number;
  residentBytes: number;
  /** Bytes of output that came before the result. */
  written: number;
  /** Settles when they are taken. */
  taking: Promise<void>;
  /** Why its process is being killed. */
  verdict?: Verdict;
  finish: (result: WasmResult) => void;
  fail: (error: Error) => void;
};

export function startWorker({ launch, log }: { launch: Launch; log: Log }): Worker {
  const programs = new Set<string>();
  const ready = Promise.withResolvers<void>();
  let state: 'starting' | 'ready' | 'ended' = 'starting';
  let running: Running | undefined;
  /** Processor time of the process when it was last idle. */
  let idleCpuMs = 0;

  const host = startHost({ launch, program: wasmHost, mode: 'serve', parameter: String(largestFrame), limit: largestFrame, onFrame });
  const ended = host.ended.then((end) => {
    const wasReady = state !== 'starting';
    state = 'ended';
    ready.reject(new Error(end.said));
    const interrupted = running;
    if (interrupted !== undefined) {
      if (interrupted.verdict === undefined)
        log('compute.wasm.host-ended', { code: end.code ?? undefined, signal: end.signal ?? undefined, said: end.said });
      interrupted.finish(interruptedResult(interrupted, end));
    }
    return { wasReady, said: end.said || `it ended with ${end.signal ?? `code ${end.code}`}` };
  });
  // Whoever waits for it learns it from `ended` too.
  ready.promise.catch(() => undefined);

  /** Throws at what a host does not send when all is well; it is then killed. */
  function onFrame({ kind, head, body }: Frame): void {
    if (kind === 'ready' && state === 'starting') {
      state = 'ready';
      idleCpuMs = readReadyHead(head).processCpuMs;
      ready.resolve();
    } else if (kind === 'need' && running !== undefined) void sendProgram(running);
    else if (kind === 'read' && running !== undefined) void sendContent(running, readReadHead(head));
    else if (kind === 'result' && running !== undefined) {
      const { processCpuMs, ...result } = readResultHead(head);
      idleCpuMs = processCpuMs;
      const { finish, job, taking, written } = running;
      if (written === 0) finish(toResult(result, body, job));
      else void taking.then(() => finish(toResult(result, body, job)));
    } else if (kind === 'output' && running !== undefined) takeOutput(running, body);
    else throw new Error(`a ${kind} frame was not expected`);
  }

  function takeOutput(now: Running, body: Uint8Array): void {
    const { job } = now;
    now.written += body.length;
    // A host that was taken over counts no longer.
    if (job.kind !== 'command' || !job.onStdout || now.written > job.limits.outputBytes) throw new Error('output that was not asked for');
    const taken = job.onStdout(Buffer.from(body));
    if (!taken) return;
    host.pause();
    now.taking = Promise.all([now.taking, taken])
      .then(() => host.resume())
      .catch((error: unknown) => {
        now.fail(error instanceof Error ? error : new Error(String(error)));
        host.kill();
        state = 'ended';
      });
  }

  const sendProgram = (asked: Running) =>
    answer(asked, async () => {
      const bytes = await asked.job.program.read();
      programs.add(asked.job.program.id);
      return ['program', bytes];
    });

  /** Only what the mounts of the running job hold is read, whoever asks. */
  const sendContent = (asked: Running, { content, offset, length }: ReadHead) =>
    answer(asked, async () => {
      const mounts = asked.job.kind === 'command' ? asked.job.mounts : undefined;
      const isMounted = mounts?.folders.some(({ entries }) => entries.some((entry) => entry.type === 'file' && entry.content === content));
      if (mounts === undefined || isMounted !== true) throw new Error('It asked for a content that its mounts do not hold.');
      const bytes = await mounts.read(content, offset, length);
      return ['content', bytes.subarray(0, length)];
    });

  async function answer(asked: Running, find: () => Promise<['program' | 'content', Uint8Array]>): Promise<void> {
    try {
      const [kind, bytes] = await find();
      if (running === asked) host.send(kind, null, [bytes]);
    } catch (error) {
      asked.fail(error instanceof Error ? error : new Error(String(error)));
      host.kill();
      state = 'ended';
    }
  }

  function watch(now: Running): void {
    const { limits } = now.job;
    now.residentBytes = residentBytesOf(host.pid);
    now.cpuMs = cpuMsOf(host.pid) - idleCpuMs;
    if (performance.now() - now.startedAt > limits.wallMs) stop(now, { reason: 'wall', trap: `It ran longer than ${limits.wallMs} ms.` });
    else if (now.cpuMs > limits.cpuMs) stop(now, { reason: 'cpu', trap: `It used more than ${limits.cpuMs} ms of processor time.` });
    else if (now.residentBytes > mostResidentBytes(now.job))
      stop(now, { reason: 'memory', trap: `It used more memory than the ${limits.memoryBytes} bytes it may.` });
  }

  function stop(now: Running, verdict: Verdict): void {
    if (running !== now || now.verdict !== undefined) return;
    now.verdict = verdict;
    host.kill();
    // Its caller need not wait until the system has taken the process apart.
    state = 'ended';
    now.finish(interruptedResult(now, { code: null, signal: 'SIGKILL', said: '' }));
  }

  function retireIfLarge(): void {
    if (state !== 'ready' || running !== undefined || residentBytesOf(host.pid) < retireBytes) return;
    state = 'ended';
    log('compute.wasm.host-retired', { residentBytes: residentBytesOf(host.pid) });
    host.kill();
  }

  return {
    ready: ready.promise,
    ended,
    get free() {
      return state === 'ready' && running === undefined;
    },
    has: (program) => programs.has(program),
    kill: () => host.kill(),
    run(job, signal) {
      const done = Promise.withResolvers<WasmResult>();
      const settle = () => {
        clearInterval(timer);
        clearTimeout(deadline);
        signal?.removeEventListener('abort', giveUp);
        running = undefined;
        if (now.residentBytes > 0) setTimeout(retireIfLarge, settleMs).unref();
      };
      const now: Running = {
        job,
        startedAt: performance.now(),
        cpuMs: 0,
        residentBytes: 0,
        written: 0,
        taking: Promise.resolve(),
        finish(result) {
          settle();
          done.resolve(result);
        },
        fail(error) {
          settle();
          done.reject(error);
        },
      };
      const giveUp = () => stop(now, { reason: 'killed', trap: 'The caller gave up.' });
      const timer = setInterval(() => watch(now), Math.min(tickMs, job.limits.wallMs));
      const deadline = setTimeout(() => watch(now), job.limits.wallMs + 1);
      running = now;
      signal?.addEventListener('abort', giveUp, { once: true });
      host.send('run', toHead(job), job.kind === 'command' && job.stdin !== undefined ? [job.stdin] : []);
      return done.promise;
    },
  };
}

/** Its input and output are in the process a few times over: in frames, and where the program reads and writes them. */
function mostResidentBytes({ limits, ...job }: WasmJob): number {
  const stdin = job.kind === 'command' ? (job.stdin?.length ?? 0) : 0;
  return hostBytes + limits.memoryBytes + 2 * limits.scratchBytes + 3 * (stdin + limits.outputBytes);
}

function toHead(job: WasmJob): RunHead {
  const { memoryBytes, outputBytes, scratchBytes, fuel } = job.limits;
  return {
    kind: job.kind,
    program: job.program.id,
    name: job.kind === 'call' ? job.name : '',
    args: job.args,
    env: job.kind === 'command' ? Object.entries(job.env).map(([name, value]) => `${name}=${value}`) : [],
    limits: { memoryBytes, outputBytes: Math.min(outputBytes, largestStream), scratchBytes, ...(fuel === undefined ? {} : { fuel }) },
    ...(job.kind === 'command' && job.mounts ? { mounts: job.mounts.folders } : {}),
    ...(job.kind === 'command' && job.onStdout ? { streams: true } : {}),
    ...(job.fixedTime === undefined ? {} : { fixedTime: job.fixedTime }),
    ...(job.seed === undefined ? {} : { seed: Buffer.from(job.seed).toString('hex') }),
  };
}

function toResult(head: Omit<ResultHead, 'processCpuMs'>, body: Uint8Array, job: WasmJob): WasmResult {
  const { stdoutBytes, stderrBytes, changes, ...result } = head;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const end = stdoutBytes + stderrBytes;
  return {
    ...result,
    // What is paid for by what was counted is never more than was allowed, whatever a host says.
    ...(result.fuel === undefined ? {} : { fuel: Math.min(result.fuel, job.limits.fuel ?? 0) }),
    stdout: bytes.subarray(0, stdoutBytes),
    stderr: bytes.subarray(stdoutBytes, end),
    ...(job.kind === 'command' && job.mounts && changes ? { changes: toChanges(changes, bytes.subarray(end), job.mounts.folders) } : {}),
  };
}

/** The result of a job that was given up before it began. */
export function neverStarted(): WasmResult {
  const nothing = Buffer.alloc(0);
  return {
    reason: 'killed',
    trap: 'The caller gave up.',
    exitCode: 0,
    wallUs: 0,
    cpuUs: 0,
    maxRssBytes: 0,
    stdout: nothing,
    stderr: nothing,
  };
}

/** The result of a job whose process ended under it: because we killed it, or for a reason of its own. */
function interruptedResult({ verdict, startedAt, cpuMs, residentBytes }: Running, end: HostEnd): WasmResult {
  const { reason, message } = faultOf(end);
  return {
    ...(verdict ?? { reason, trap: message }),
    exitCode: 0,
    wallUs: Math.round((performance.now() - startedAt) * 1000),
    cpuUs: Math.round(Math.max(0, cpuMs) * 1000),
    maxRssBytes: residentBytes,
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
}
