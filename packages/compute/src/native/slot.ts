import { explain } from './explain.ts';
import {
  dataFrame,
  emptyFrame,
  executeFrame,
  fromRunner,
  numberFrame,
  outputWindow,
  readExit,
  readRefusal,
  stdinWindow,
  toRunner,
} from './frames.ts';
import type { ExitReport, Refusal } from './frames.ts';
import type { NativeReason, NativeRequest, NativeResult } from './limits.ts';

export type NativeInput = Uint8Array | AsyncIterable<Uint8Array>;

export type RunOptions = {
  stdin?: NativeInput;
  /** Aborting stops the program; the run then resolves with reason `killed`. */
  signal?: AbortSignal;
  /** Takes the output as it comes instead of collecting it. A returned promise holds the program back until it settles. */
  onStdout?: (chunk: Buffer) => void | Promise<void>;
  onStderr?: (chunk: Buffer) => void | Promise<void>;
  /** Hears of refused system calls, where the runner was opened with `explain`. */
  onRefused?: (refusal: Refusal) => void;
};

/** One run, from the call until its result. */
export type Job = {
  request: NativeRequest;
  options: RunOptions;
  resolve: (result: NativeResult) => void;
  reject: (error: unknown) => void;
};

export type Slot = {
  readonly number: number;
  start(job: Job): void;
  /** Takes a frame of the runner. */
  take(type: number, payload: Buffer): void;
  /** The runner has gone. */
  fail(error: Error): void;
};

const pieceSize = 64 * 1024;
/** The runner is told that output was taken when it is so much; most runs have less. */
const tellFrom = outputWindow / 4;

/** Drives one slot of the runner: one job at a time. `onFree` is called when the next may start. */
export function openSlot(number: number, send: (frame: Buffer) => void, onFree: (slot: Slot) => void): Slot {
  let current: Run | undefined;
  const slot: Slot = {
    number,
    start(job) {
      const { stdin } = job.options;
      const execute = executeFrame(number, job.request, stdin !== undefined && !(stdin instanceof Uint8Array && stdin.length === 0));
      if (execute === undefined) {
        job.resolve(notStarted('spawn', 'The arguments and variables of the program are too long together (256 KiB), or hold a NUL.'));
        onFree(slot);
        return;
      }
      send(execute);
      current = startRun(number, send, job);
    },
    take(type, payload) {
      if (current === undefined) return;
      if (type === fromRunner.stdout) current.take(payload, 'stdout');
      else if (type === fromRunner.stderr) current.take(payload, 'stderr');
      else if (type === fromRunner.refused) current.refused(readRefusal(payload));
      else if (type === fromRunner.credit) current.credit(payload.readUInt32LE(0));
      else if (type === fromRunner.exit) {
        const run = current;
        current = undefined;
        run.end(readExit(payload), () => onFree(slot));
      }
    },
    fail(error) {
      current?.fail(error);
      current = undefined;
    },
  };
  return slot;
}

type Run = ReturnType<typeof startRun>;

function startRun(slot: number, toLine: (frame: Buffer) => void, { request, options, resolve, reject }: Job) {
  const { stdin, signal } = options;
  const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let room = stdinWindow;
  let wakeInput: (() => void) | undefined;
  let ended = false;
  let failure: { error: unknown } | undefined;
  /** What is being taken, one chunk after the other; absent when nothing is. */
  let taking: Promise<void> | undefined;
  let untold = 0;

  const kill = () => {
    if (!ended) toLine(emptyFrame(slot, toRunner.kill));
  };
  const killBecause = (error: unknown) => {
    failure ??= { error };
    kill();
  };
  const close = () => {
    ended = true;
    signal?.removeEventListener('abort', kill);
    wakeInput?.();
  };

  /** Sends as the window allows; false once the run has ended. */
  const send = async (chunk: Uint8Array): Promise<boolean> => {
    for (let rest = chunk; rest.length > 0;) {
      if (ended) return false;
      if (room === 0) {
        await new Promise<void>((wake) => (wakeInput = wake));
        continue;
      }
      const piece = rest.subarray(0, Math.min(room, pieceSize));
      room -= piece.length;
      rest = rest.subarray(piece.length);
      toLine(dataFrame(slot, toRunner.stdin, piece));
    }
    return !ended;
  };
  const pump = async (input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
    for await (const chunk of input) if (!(await send(chunk))) return;
    if (!ended) toLine(emptyFrame(slot, toRunner.stdinEnd));
  };
  if (stdin instanceof Uint8Array && stdin.length <= pieceSize) {
    if (stdin.length > 0) {
      toLine(dataFrame(slot, toRunner.stdin, stdin));
      toLine(emptyFrame(slot, toRunner.stdinEnd));
    }
  } else if (stdin !== undefined) pump(stdin instanceof Uint8Array ? [stdin] : stdin).catch(killBecause);

  if (signal?.aborted) kill();
  else signal?.addEventListener('abort', kill, { once: true });

  /** Gives the runner room for more output. */
  const taken = (bytes: number) => {
    untold += bytes;
    if (ended || untold < tellFrom) return;
    toLine(numberFrame(slot, toRunner.taken, untold));
    untold = 0;
  };
  /** Gives a chunk to whoever takes it; a promise when that is not done at once. What comes after a failure is dropped. */
  const hand = (chunk: Buffer, taker: NonNullable<RunOptions['onStdout']>): void | Promise<void> => {
    if (failure !== undefined) return;
    try {
      return taker(chunk);
    } catch (error) {
      killBecause(error);
    }
  };

  return {
    take(payload: Buffer, stream: 'stdout' | 'stderr') {
      const taker = stream === 'stdout' ? options.onStdout : options.onStderr;
      if (taker === undefined) {
        collected[stream].push(payload);
        taken(payload.length);
        return;
      }
      // What is taken at once holds nothing back. Otherwise the runner, when it has sent a window of it, stops reading the pipe.
      const begun = taking === undefined ? hand(payload, taker) : taking.then(() => hand(payload, taker));
      if (begun === undefined) {
        taken(payload.length);
        return;
      }
      const settled: Promise<void> = begun.catch(killBecause).then(() => {
        if (taking === settled) taking = undefined;
        taken(payload.length);
      });
      taking = settled;
    },
    refused(refusal: Refusal) {
      options.onRefused?.(refusal);
    },
    credit(bytes: number) {
      room += bytes;
      wakeInput?.();
      wakeInput = undefined;
    },
    /** Settles once all output was taken, and calls `settled`. */
    end(report: ExitReport, settled: () => void) {
      close();
      const settle = () => {
        if (failure === undefined) {
          const { step: _step, errno: _errno, ...usage } = report;
          const stdout = Buffer.concat(collected.stdout);
          const stderr = Buffer.concat(collected.stderr);
          resolve({ ...usage, message: explain(report, request.limits), stdout, stderr });
        } else reject(failure.error);
        settled();
      };
      if (taking === undefined) settle();
      else void taking.then(settle);
    },
    fail(error: Error) {
      close();
      reject(error);
    },
  };
}

/** The result of a run that never reached the runner. */
export function notStarted(reason: NativeReason, message: string): NativeResult {
  const nothing = Buffer.alloc(0);
  return { reason, exitCode: null, signal: null, message, wallUs: 0, cpuUs: 0, maxRssBytes: 0, stdout: nothing, stderr: nothing };
}
