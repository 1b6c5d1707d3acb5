import { once } from 'node:events';
import { chmod, stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { ComputeError } from '../error.ts';
import type { NativeRequest, NativeResult } from './limits.ts';
import { startRunner } from './process.ts';
import type { NativeTier, RunnerOptions, RunnerProcess } from './process.ts';
import { openLine } from './line.ts';
import { notStarted } from './slot.ts';
import type { Job, RunOptions, Slot } from './slot.ts';

export type NativeRunner = {
  readonly tier: NativeTier;
  /** Version of Landlock in this kernel, 0 without. */
  readonly landlock: number;
  /** Process ids of the runner, for diagnostics; undefined while it is being restarted. */
  readonly pid: number | undefined;
  /**
   * Runs a program confined. Waits for a free slot. A program that fails or passes a limit is a result, not an error.
   * Errors: `runner_lost` when the runner died meanwhile (the program may have run), and what a callback or `stdin` threw.
   */
  run(request: NativeRequest, options?: RunOptions): Promise<NativeResult>;
  stop(): Promise<void>;
};

const firstDelayMs = 50;
const longestDelayMs = 5_000;

/** Starts the runner and keeps it alive. Errors: those of `startRunner`. */
export async function openNativeRunner(options: RunnerOptions): Promise<NativeRunner> {
  const { programsDirectory, log } = options;
  // Guests are another user when the node is root. Names of programs are hashes, so being able to pass through shows nothing.
  if (process.getuid?.() === 0) await chmod(programsDirectory, (await stat(programsDirectory)).mode | 0o111);

  const queue: Job[] = [];
  const free: Slot[] = [];
  let slots: readonly Slot[] = [];
  let line: Duplex | undefined;
  let runner: RunnerProcess | undefined;
  let tier: NativeTier = 'landlock';
  let landlock = 0;
  let stopped = false;
  let delayMs = firstDelayMs;
  let restart: NodeJS.Timeout | undefined;

  const next = () => {
    while (free.length > 0 && queue.length > 0) {
      const slot = free.pop();
      const job = queue.shift();
      if (slot && job) slot.start(job);
    }
  };

  const begin = async (): Promise<void> => {
    const started = await startRunner(options);
    if (stopped) {
      started.child.kill('SIGKILL');
      return;
    }
    runner = started;
    tier = started.tier;
    landlock = started.landlock;
    line = started.line;
    slots = openLine(started.line, options.slots, (slot) => {
      delayMs = firstDelayMs;
      if (slots[slot.number] !== slot) return;
      free.push(slot);
      next();
    });
    free.push(...slots);
    started.child.once('exit', (code, signal) => onLost(signal ?? `exit code ${code}`));
    next();
  };

  const onLost = (how: string) => {
    const lost = slots;
    runner = undefined;
    slots = [];
    free.length = 0;
    const error = new ComputeError(
      'runner_lost',
      503,
      stopped ? 'The node is stopping.' : 'The sandbox ended while the program ran. Try again.',
    );
    for (const slot of lost) slot.fail(error);
    line?.destroy();
    line = undefined;
    if (stopped) return;
    log('compute.native.runner_lost', { how, restartInMs: delayMs });
    restartLater();
  };

  const restartLater = () => {
    restart = setTimeout(() => {
      begin().catch((error: unknown) => {
        log('compute.native.restart_failed', { message: String(error) });
        for (const job of queue.splice(0)) job.reject(error);
        restartLater();
      });
    }, delayMs);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  };

  await begin();

  return {
    get tier() {
      return tier;
    },
    get landlock() {
      return landlock;
    },
    get pid() {
      return runner?.child.pid;
    },
    run(request, runOptions = {}) {
      return new Promise<NativeResult>((resolve, reject) => {
        if (stopped) {
          reject(new ComputeError('runner_lost', 503, 'The node is stopping.'));
          return;
        }
        const { signal } = runOptions;
        const cancelled = () => resolve(notStarted('killed', 'The run was cancelled before it began.'));
        if (signal?.aborted) {
          cancelled();
          return;
        }
        const job: Job = { request, options: runOptions, resolve, reject };
        queue.push(job);
        next();
        // Still waiting: leave the queue when the caller gives up.
        if (signal === undefined || !queue.includes(job)) return;
        const leave = () => {
          const at = queue.indexOf(job);
          if (at < 0) return;
          queue.splice(at, 1);
          cancelled();
        };
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    async stop() {
      stopped = true;
      clearTimeout(restart);
      const error = new ComputeError('runner_lost', 503, 'The node is stopping.');
      for (const job of queue.splice(0)) job.reject(error);
      const child = runner?.child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL'); // its guests die with it
      await gone;
    },
  };
}
