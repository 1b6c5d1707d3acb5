import type { Clock } from './clock.ts';
import type { Descriptors } from './descriptors.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { Random } from './random.ts';
import type { Volume } from './volume.ts';

/** All that the WASI calls of one job work on. */
export type WasiContext = {
  memory: GuestMemory;
  volume: Volume;
  descriptors: Descriptors;
  clock: Clock;
  random: Random;
  args: string[];
  /** As `NAME=value`. */
  env: string[];
  stdin: { bytes: Uint8Array; offset: number };
  write: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  exit: (code: number) => never;
};

/** Functions by their WASI name. One without an answer succeeded; an error number may be answered or thrown (`fail`). */
export type WasiCalls = Record<string, (...values: never[]) => number | void>;
