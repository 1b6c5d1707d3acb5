import type { Duplex } from 'node:stream';
import { explain } from './explain.ts';
import { executeFrame, frame, frameReader, fromRunner, readExit, readRefusal, stdinWindow, toRunner } from './frames.ts';
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

export type Slot = ReturnType<typeof openSlot>;

const pieceSize = 64 * 1024;

/** Drives one socketpair of the runner: one job at a time. `onFree` is called when the next may start. */
export function openSlot(socket: Duplex, onFree: () => void) {
  let current: Run | undefined;

  const read = frameReader((type, payload) => {
    if (current === undefined) return;
    if (type === fromRunner.stdout) current.take(payload, 'stdout');
    else if (type === fromRunner.stderr) current.take(payload, 'stderr');
    else if (type === fromRunner.refused) current.refused(readRefusal(payload));
    else if (type === fromRunner.credit) current.credit(payload.readUInt32LE(0));
    else if (type === fromRunner.exit) {
      const run = current;
      current = undefined;
      void run.end(readExit(payload)).then(onFree); // settles the job, never rejects
    }
  });
  socket.on('data', read);
  socket.on('error', () => {}); // the runner's own end is told by its exit

  return {
    start(job: Job) {
      const execute = executeFrame(job.request);
      if (execute === undefined) {
        job.resolve(notStarted('spawn', 'The arguments and variables of the program are too long together (256 KiB), or hold a NUL.'));
        onFree();
        return;
      }
      current = startRun(socket, job, execute);
    },
    /** The runner has gone. */
    fail(error: Error) {
      current?.fail(error);
      current = undefined;
      socket.destroy();
    },
  };
}

type Run = ReturnType<typeof startRun>;

function startRun(socket: Duplex, { request, options, resolve, reject }: Job, execute: Buffer) {
  const { stdin, signal } = options;
  const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const takers = { stdout: options.onStdout, stderr: options.onStderr };
  let room = stdinWindow;
  let wakeInput: (() => void) | undefined;
  let ended = false;
  let failure: { error: unknown } | undefined;
  let taking = Promise.resolve();
  let untaken = 0;

  const kill = () => {
    if (!ended) socket.write(frame(toRunner.kill));
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
      socket.write(frame(toRunner.stdin, piece));
    }
    return !ended;
  };
  const pump = async (input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
    for await (const chunk of input) if (!(await send(chunk))) return;
    if (!ended) socket.write(frame(toRunner.stdinEnd));
  };

  if (stdin === undefined || (stdin instanceof Uint8Array && stdin.length <= pieceSize)) {
    const parts = stdin === undefined || stdin.length === 0 ? [] : [frame(toRunner.stdin, stdin)];
    socket.write(Buffer.concat([execute, ...parts, frame(toRunner.stdinEnd)]));
  } else {
    socket.write(execute);
    pump(stdin instanceof Uint8Array ? [stdin] : stdin).catch(killBecause);
  }
  if (signal?.aborted) kill();
  else signal?.addEventListener('abort', kill, { once: true });

  return {
    take(payload: Buffer, stream: 'stdout' | 'stderr') {
      const taker = takers[stream];
      if (taker === undefined) {
        collected[stream].push(payload);
        return;
      }
      // What is taken at once holds nothing back.
      let first: void | Promise<void> = undefined;
      if (untaken === 0) {
        if (failure !== undefined) return;
        try {
          first = taker(payload);
        } catch (error) {
          killBecause(error);
          return;
        }
        if (first === undefined) return;
      }
      // One after the other; meanwhile nothing more is read, and the runner stops reading the program's pipe.
      socket.pause();
      untaken++;
      taking = taking
        .then(() => first ?? (failure === undefined ? taker(payload) : undefined))
        .catch(killBecause)
        .then(() => {
          if (--untaken === 0) socket.resume();
        });
    },
    refused(refusal: Refusal) {
      options.onRefused?.(refusal);
    },
    credit(bytes: number) {
      room += bytes;
      wakeInput?.();
      wakeInput = undefined;
    },
    /** Settles once all output was taken. */
    async end(report: ExitReport) {
      close();
      await taking;
      if (failure !== undefined) {
        reject(failure.error);
        return;
      }
      const { step: _step, errno: _errno, ...usage } = report;
      const stdout = Buffer.concat(collected.stdout);
      const stderr = Buffer.concat(collected.stderr);
      resolve({ ...usage, message: explain(report, request.limits), stdout, stderr });
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
