import { fixedClock, realClock, type Clock } from './clock.ts';
import type { WasmMount } from '../mount.ts';
import { Descriptors } from './descriptors.ts';
import { GuestMemory } from './guest-memory.ts';
import { mountAll, type Mounted } from './mounted.ts';
import { Output } from './output.ts';
import { realRandom, seededRandom, type Random } from './random.ts';
import { Volume, type ReadContent } from './volume.ts';

export type WasiOptions = {
  memory: WebAssembly.Memory | undefined;
  args: string[];
  /** As `NAME=value`. */
  env: string[];
  stdin: Uint8Array;
  /** The most bytes each of stdout and stderr may hold, and the scratch folder with its names. */
  limits: { stdout: number; stderr: number; scratch: number };
  /** Folders it is given, besides the scratch folder. */
  mounts: readonly WasmMount[];
  readContent: ReadContent;
  /** Present: takes standard output while it is written. */
  passStdout?: (bytes: Uint8Array) => void;
  /** Present: time stands at these milliseconds since the epoch. Absent: the machine's time. */
  fixedTime?: number;
  /** Present: how many instructions ran so far. */
  instructions?: () => bigint;
  /** Present: 32 bytes from which all randomness is made. Absent: the operating system's. */
  seed?: Uint8Array;
};

/** All that the WASI calls of one job work on. */
export type WasiContext = {
  memory: GuestMemory;
  volume: Volume;
  mounted: Mounted[];
  descriptors: Descriptors;
  clock: Clock;
  random: Random;
  /** Each with a NUL at the end. */
  args: Uint8Array[];
  env: Uint8Array[];
  stdin: { bytes: Uint8Array; offset: number };
  stdout: Output;
  stderr: Output;
  ended: WasiEnd | undefined;
};

/** Thrown through the guest to end it. A guest could catch it, so what counts is `WasiContext.ended`, which it cannot undo. */
export class WasiEnd extends Error {
  readonly reason: 'exit' | 'output';
  readonly exitCode: number;

  constructor(reason: 'exit' | 'output', exitCode: number) {
    super(`The program ended (${reason})`);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

/** Functions by their WASI name. One without an answer succeeded; an error number may be answered or thrown (`fail`). */
export type WasiCalls = Record<string, (...values: never[]) => number | void>;

export function openContext({
  memory,
  args,
  env,
  stdin,
  limits,
  mounts,
  readContent,
  passStdout,
  fixedTime,
  instructions,
  seed,
}: WasiOptions): WasiContext {
  const clock = fixedTime === undefined ? realClock() : fixedClock({ epochMs: fixedTime, instructions });
  const volume = new Volume({ capacity: limits.scratch, now: () => clock.now(0), readContent });
  const mounted = mountAll(volume, mounts);
  return {
    memory: new GuestMemory(memory),
    volume,
    mounted,
    descriptors: new Descriptors(volume),
    clock,
    random: seed === undefined ? realRandom : seededRandom(seed),
    args: args.map(terminated),
    env: env.map(terminated),
    stdin: { bytes: stdin, offset: 0 },
    stdout: new Output(limits.stdout, passStdout),
    stderr: new Output(limits.stderr),
    ended: undefined,
  };
}

function terminated(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
