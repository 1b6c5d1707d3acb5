import type { Log } from '../native/log.ts';
import type { Frame } from '../host/frame.ts';
import { faultOf, startHost, type HostEnd, type HostProgram, type Launch } from '../host/process.ts';
import type { WaitingCall } from '../host/waiting-calls.ts';
import type { Watch } from '../host/watch.ts';
import { largestProgram } from './inspect.ts';
import {
  largestStream,
  stderrBytes,
  type LateHead,
  type ReadHead,
  type ResultHead,
  type RunHead,
  type WasmJob,
  type WasmReason,
  type WasmResult,
} from './job.ts';
import type { Pace } from './pace.ts';
import { readLateHead, readReadHead, readReadyHead, readResultHead, toChanges } from './read-result.ts';
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

/** How long a job may wait behind others in a process, in milliseconds, until it is given to another. */
const aheadMs = 5;
/** Added to that, for the clocks are read one after the other. */
const slackMs = 1;
/** Nothing is sent behind a job that has run for longer than this, in milliseconds. */
const stallMs = 2;
/** The most jobs that one process has at a time, and how long they may be expected to take together, in microseconds. */
const mostAhead = 16;
const mostExpectedUs = 2000;

/** A call with how long it is expected to take, in microseconds. */
export type WasmWork = WaitingCall<{ job: WasmJob; usualUs: number }, WasmResult>;

/**
 * A host process, watched from outside. It runs one job at a time and begins the next when the result of the one before is out; so
 * of the jobs it has been sent only the first can have begun.
 */
export type Worker = {
  readonly ready: Promise<void>;
  readonly ended: Promise<{ wasReady: boolean; said: string }>;
  /** How many jobs it has. */
  readonly load: number;
  readonly free: boolean;
  /** Whether it is at jobs behind which a quick one does not wait long. */
  readonly flows: boolean;
  /** Whether it was sent the program. It may have dropped it since, and then asks again. */
  has(program: string): boolean;
  /** The call settles whatever happens to the process; it is rejected only when the program cannot be read. */
  run(work: WasmWork): void;
  /** Looks whether a limit is reached, and says so to whoever it concerns. */
  look(now: number): void;
  kill(): void;
};

type Verdict = { reason: WasmReason; trap: string };
type Given = {
  id: number;
  work: WasmWork;
  job: WasmJob;
  startedAt: number;
  /** Until when it may begin, for one that was sent ahead. */
  before: number;
  /** As last seen from outside. */
  cpuMs: number;
  residentBytes: number;
  /** Bytes of output that came before the result. */
  written: number;
  /** Its caller has not taken the last of them yet; until then the process waits. */
  isUntaken: boolean;
  /** Why its process is being killed. */
  verdict?: Verdict;
};

export function startWorker({
  launch,
  program = wasmHost,
  log,
  watch,
  onTurn,
  onReturn,
  took,
}: {
  launch: Launch;
  /** What runs in it. */
  program?: HostProgram;
  log: Log;
  watch: Watch;
  /** It can take another job. */
  onTurn: () => void;
  /** Takes back jobs that did not begin. */
  onReturn: (works: WasmWork[]) => void;
  took: Pace['took'];
}): Worker {
  const programs = new Set<string>();
  const ready = Promise.withResolvers<void>();
  let state: 'starting' | 'ready' | 'ended' = 'starting';
  /** What it was given, in the order in which it will be done; the first has begun. */
  const line: Given[] = [];
  let lastId = 0;
  /** Processor time of the process when it was last idle. */
  let idleCpuMs = 0;

  const host = startHost({ launch, program, mode: 'serve', parameter: String(largestFrame), limit: largestFrame, onFrame });
  const ended = host.ended.then((end) => {
    const wasReady = state !== 'starting';
    state = 'ended';
    ready.reject(new Error(end.said));
    const interrupted = line.shift();
    if (interrupted !== undefined) {
      log('compute.wasm.host-ended', { code: end.code ?? undefined, signal: end.signal ?? undefined, said: end.said });
      interrupted.work.resolve(interruptedResult(interrupted, end));
      giveBack(line.splice(0));
    }
    return { wasReady, said: end.said || `it ended with ${end.signal ?? `code ${end.code}`}` };
  });
  // Whoever waits for it learns it from `ended` too.
  ready.promise.catch(() => undefined);

  /** Throws at what a host does not send when all is well; it is then killed. */
  function onFrame({ kind, head, body }: Frame): void {
    const [now] = line;
    if (state === 'ended') return;
    if (kind === 'ready' && state === 'starting') {
      state = 'ready';
      idleCpuMs = readReadyHead(head).processCpuMs;
      ready.resolve();
    } else if (kind === 'late') skip(readLateHead(head));
    else if (kind === 'need' && now !== undefined) void sendProgram(now);
    else if (kind === 'read' && now !== undefined) void sendContent(now, readReadHead(head));
    else if (kind === 'result' && now !== undefined) takeResult(now, readResultHead(head), body);
    else if (kind === 'output' && now !== undefined) takeOutput(now, body);
    else throw new Error(`a ${kind} frame was not expected`);
  }

  function takeResult(now: Given, { id, processCpuMs, ...head }: ResultHead, body: Uint8Array): void {
    if (id !== now.id || now.isUntaken) throw new Error('a result that was not expected');
    const result = toResult(head, body, now.job);
    idleCpuMs = processCpuMs;
    took(now.job.program.id, result.wallUs);
    line.shift();
    begin();
    now.work.resolve(result);
    if (now.residentBytes > 0) setTimeout(retireIfLarge, settleMs).unref();
    onTurn();
  }

  function fail(now: Given, error: unknown): void {
    if (line[0] !== now) return;
    line.shift();
    now.work.reject(error instanceof Error ? error : new Error(String(error)));
    end();
    giveBack(line.splice(0));
  }

  /** From here on it is given nothing more to do, and nothing that it says counts. */
  function end(): void {
    state = 'ended';
    host.kill();
  }

  function giveBack(given: readonly Given[]): void {
    if (given.length > 0) onReturn(given.map(({ work }) => work));
  }

  /** The host did not begin a job, since its time was over. */
  function skip({ id }: LateHead): void {
    const place = line.findIndex((given) => given.id === id);
    // It has been given to another already.
    if (place < 0) return;
    if (line[place]?.before === Infinity) throw new Error('it did not begin a job that was to begin at once');
    giveBack(line.splice(place, 1));
    if (place === 0) begin();
    onTurn();
  }

  /** The first of the line has its turn. */
  function begin(): void {
    const [now] = line;
    if (now === undefined) return;
    now.startedAt = performance.now();
    watch.by(now.startedAt + Math.min(tickMs, now.job.limits.wallMs + 1));
  }

  function takeOutput(now: Given, body: Uint8Array): void {
    const { job } = now;
    now.written += body.length;
    // A host that was taken over counts no longer.
    if (job.kind !== 'command' || !job.onStdout || now.isUntaken || now.written > job.limits.outputBytes)
      throw new Error('output that was not asked for');
    now.isUntaken = true;
    const goOn = () => {
      now.isUntaken = false;
      host.send('taken');
    };
    const taken = job.onStdout(Buffer.from(body));
    if (taken) taken.then(goOn, (error: unknown) => fail(now, error));
    else goOn();
  }

  const sendProgram = (asked: Given) =>
    answer(asked, async () => {
      const bytes = await asked.job.program.read();
      programs.add(asked.job.program.id);
      return ['program', bytes];
    });

  /** Only what the mounts of the running job hold is read, whoever asks. */
  const sendContent = (asked: Given, { content, offset, length }: ReadHead) =>
    answer(asked, async () => {
      const mounts = asked.job.kind === 'command' ? asked.job.mounts : undefined;
      const isMounted = mounts?.folders.some(({ entries }) => entries.some((entry) => entry.type === 'file' && entry.content === content));
      if (mounts === undefined || isMounted !== true) throw new Error('It asked for a content that its mounts do not hold.');
      const bytes = await mounts.read(content, offset, length);
      return ['content', bytes.subarray(0, length)];
    });

  async function answer(asked: Given, find: () => Promise<['program' | 'content', Uint8Array]>): Promise<void> {
    try {
      const [kind, bytes] = await find();
      if (line[0] === asked) host.send(kind, null, [bytes]);
    } catch (error) {
      fail(asked, error);
    }
  }

  function look(time: number): void {
    const [now, ...behind] = line;
    if (now === undefined || state !== 'ready') return;
    const late = time - slackMs;
    if (behind.some(({ before }) => late >= before)) setImmediate(takeBack, late);
    const { limits } = now.job;
    const ranMs = time - now.startedAt;
    const isOver = ranMs > limits.wallMs || now.work.signal?.aborted === true;
    if (isOver || ranMs >= tickMs / 2) {
      now.residentBytes = residentBytesOf(host.pid);
      now.cpuMs = cpuMsOf(host.pid) - idleCpuMs;
      judge(now, ranMs);
    }
    const nextMs = behind.length > 0 ? 1 : tickMs;
    watch.by(time + Math.min(nextMs, Math.max(1, limits.wallMs + 1 - ranMs)));
  }

  function judge(now: Given, ranMs: number): void {
    const { limits } = now.job;
    if (now.work.signal?.aborted) stop(now, { reason: 'killed', trap: 'The caller gave up.' });
    else if (ranMs > limits.wallMs) stop(now, { reason: 'wall', trap: `It ran longer than ${limits.wallMs} ms.` });
    else if (now.cpuMs > limits.cpuMs) stop(now, { reason: 'cpu', trap: `It used more than ${limits.cpuMs} ms of processor time.` });
    else if (now.residentBytes > mostResidentBytes(now.job))
      stop(now, { reason: 'memory', trap: `It used more memory than the ${limits.memoryBytes} bytes it may.` });
  }

  /**
   * Takes back what should have begun by then, and stands behind another. It is called when the event loop has read all that the
   * process sent until then: had it begun one of them, that would now be the first.
   */
  function takeBack(time: number): void {
    const late = line.filter(({ before }, place) => place > 0 && time >= before);
    for (const given of late) line.splice(line.indexOf(given), 1);
    giveBack(late);
  }

  function stop(now: Given, verdict: Verdict): void {
    // Were it killed now, one that waits behind could have begun. Soon none waits any more.
    if (line.length > 1) return;
    now.verdict = verdict;
    line.shift();
    end();
    const result = interruptedResult(now, { code: null, signal: 'SIGKILL', said: '' });
    took(now.job.program.id, result.wallUs);
    // Its caller need not wait until the system has taken the process apart.
    now.work.resolve(result);
    onTurn();
  }

  function retireIfLarge(): void {
    if (state !== 'ready' || line.length > 0 || residentBytesOf(host.pid) < retireBytes) return;
    log('compute.wasm.host-retired', { residentBytes: residentBytesOf(host.pid) });
    end();
  }

  return {
    ready: ready.promise,
    ended,
    get load() {
      return line.length;
    },
    get free() {
      return state === 'ready' && line.length === 0;
    },
    get flows() {
      const [now] = line;
      if (state !== 'ready' || now === undefined || line.length >= mostAhead) return false;
      let expectedUs = 0;
      for (const { work } of line) expectedUs += work.call.usualUs;
      return expectedUs < mostExpectedUs && performance.now() - now.startedAt < stallMs;
    },
    has: (program) => programs.has(program),
    kill: end,
    look,
    run(work) {
      const { job } = work.call;
      const isFirst = line.length === 0;
      const before = isFirst ? Infinity : performance.now() + aheadMs;
      const id = ++lastId;
      line.push({ id, work, job, startedAt: 0, before, cpuMs: 0, residentBytes: 0, written: 0, isUntaken: false });
      if (isFirst) begin();
      else watch.by(before + slackMs);
      const body = job.kind === 'command' && job.stdin !== undefined ? [job.stdin] : [];
      host.sendSoon('run', toHead(job, isFirst ? { id } : { id, before: Number(process.hrtime.bigint()) + aheadMs * 1e6 }), body);
    },
  };
}

/** Its input and output are in the process a few times over: in frames, and where the program reads and writes them. */
function mostResidentBytes({ limits, ...job }: WasmJob): number {
  const stdin = job.kind === 'command' ? (job.stdin?.length ?? 0) : 0;
  return hostBytes + limits.memoryBytes + 2 * limits.scratchBytes + 3 * (stdin + limits.outputBytes);
}

function toHead(job: WasmJob, turn: Pick<RunHead, 'id' | 'before'>): RunHead {
  const { memoryBytes, outputBytes, scratchBytes, fuel } = job.limits;
  return {
    ...turn,
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

function toResult(head: Omit<ResultHead, 'id' | 'processCpuMs'>, body: Uint8Array, job: WasmJob): WasmResult {
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
function interruptedResult({ verdict, startedAt, cpuMs, residentBytes }: Given, end: HostEnd): WasmResult {
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
