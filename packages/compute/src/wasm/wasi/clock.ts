import { fail } from './errno.ts';

const clockId = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;

/** What a guest may learn of time, in nanoseconds. */
export type Clock = {
  resolution(id: number): bigint;
  now(id: number): bigint;
  sleep(nanoseconds: bigint): void;
};

/** The machine's time of day. Its other clocks begin with the job, or when first read, so that they tell nothing of what ran before. */
export function realClock(): Clock {
  const started = process.hrtime.bigint();
  let cpuStarted: NodeJS.CpuUsage | undefined;
  return {
    resolution: (id) => (check(id) === clockId.realtime ? 1_000_000n : 1n),
    now(id) {
      if (check(id) === clockId.realtime) return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
      if (id === clockId.monotonic) return process.hrtime.bigint() - started;
      cpuStarted ??= process.cpuUsage();
      const { user, system } = process.cpuUsage(cpuStarted);
      return BigInt(user + system) * 1000n;
    },
    sleep(nanoseconds) {
      const milliseconds = Number(nanoseconds) / 1e6;
      if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    },
  };
}

/**
 * The same time on every run: the clocks stand at `epochMs` (realtime) or zero and move only by being used: by one nanosecond for
 * each instruction where they are counted, by one microsecond for each reading where they are not, and by the whole length
 * of each sleep, which takes no real time. So a program that waits still ends.
 */
export function fixedClock({ epochMs, instructions }: { epochMs: number; instructions: (() => bigint) | undefined }): Clock {
  let elapsed = 0n;
  return {
    resolution: (id) => (check(id), instructions === undefined ? 1000n : 1n),
    now(id) {
      if (instructions === undefined) elapsed += 1000n;
      const since = instructions === undefined ? elapsed : elapsed + instructions();
      return check(id) === clockId.realtime ? BigInt(epochMs) * 1_000_000n + since : since;
    },
    sleep(nanoseconds) {
      elapsed += nanoseconds;
    },
  };
}

function check(id: number): number {
  if (id < 0 || id > clockId.threadCpu) fail('inval');
  return id;
}
