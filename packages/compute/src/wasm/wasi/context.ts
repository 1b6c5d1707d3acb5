import { fixedClock, realClock, type Clock } from './clock.ts';
import type { WasmMount } from '../mount.ts';
import { Descriptors } from './descriptors.ts';
import { GuestMemory } from './guest-memory.ts';
import { mountAll, type Mounted } from './mounted.ts';
import { Output } from './output.ts';
import { realRandom, seededRandom, type Random } from './random.ts';
import { fail } from './errno.ts';
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

const nothing: WasiOptions = {
  memory: undefined,
  args: [],
  env: [],
  stdin: new Uint8Array(0),
  limits: { stdout: 0, stderr: 0, scratch: 0 },
  mounts: [],
  readContent: () => fail('io'),
};

const noMemory = new GuestMemory(undefined);
const noOutput = new Output(0);

type Tree = { volume: Volume; mounted: Mounted[] };

/**
 * All that the WASI calls of one job work on, made anew for each. What a program that only writes a few bytes has no use for is made
 * when it is first asked for: arguments, environment, the tree of files, randomness.
 */
export class WasiContext {
  #options = nothing;
  /** Where short outputs are kept, of one job after the other. */
  readonly #room = new Uint8Array(4096);
  #tree: Tree | undefined;
  #args: Uint8Array[] | undefined;
  #env: Uint8Array[] | undefined;
  #random: Random | undefined;
  memory = noMemory;
  clock: Clock = realClock();
  descriptors = new Descriptors(() => this.volume);
  stdin = { bytes: nothing.stdin, offset: 0 };
  stdout = noOutput;
  stderr = noOutput;
  ended: WasiEnd | undefined;

  begin(options: WasiOptions): void {
    const { memory, limits, passStdout, fixedTime, instructions, stdin } = options;
    this.#options = options;
    this.#tree = undefined;
    this.#args = undefined;
    this.#env = undefined;
    this.#random = undefined;
    this.memory = new GuestMemory(memory);
    this.clock = fixedTime === undefined ? realClock() : fixedClock({ epochMs: fixedTime, instructions });
    this.descriptors = new Descriptors(() => this.volume);
    this.stdin = { bytes: stdin, offset: 0 };
    this.stdout = new Output(limits.stdout, passStdout, this.#room);
    this.stderr = new Output(limits.stderr);
    this.ended = undefined;
    // Making it reads the clock, and a fixed one moves by that: it must not depend on when the program first asks.
    if (fixedTime !== undefined) this.#tree = this.#growTree();
  }

  /** Lets go of the job, whose outputs have been sent. */
  clear(): void {
    this.memory = noMemory;
    this.descriptors = new Descriptors(() => this.volume);
    this.stdin = { bytes: nothing.stdin, offset: 0 };
    this.stdout = this.stderr = noOutput;
    this.ended = undefined;
    this.#options = nothing;
    this.#tree = undefined;
    this.#args = undefined;
    this.#env = undefined;
    this.#random = undefined;
  }

  get volume(): Volume {
    return (this.#tree ??= this.#growTree()).volume;
  }

  get mounted(): Mounted[] {
    return (this.#tree ??= this.#growTree()).mounted;
  }

  /** Bytes that the tree takes. */
  get treeBytes(): number {
    return this.#tree?.volume.used ?? 0;
  }

  #growTree(): Tree {
    const { limits, mounts, readContent } = this.#options;
    const volume = new Volume({ capacity: limits.scratch, now: () => this.clock.now(0), readContent });
    return { volume, mounted: mountAll(volume, mounts) };
  }

  get random(): Random {
    const { seed } = this.#options;
    return (this.#random ??= seed === undefined ? realRandom : seededRandom(seed));
  }

  /** Each with a NUL at the end. */
  get args(): Uint8Array[] {
    return (this.#args ??= this.#options.args.map(terminated));
  }

  /** Each with a NUL at the end. */
  get env(): Uint8Array[] {
    return (this.#env ??= this.#options.env.map(terminated));
  }
}

/** A context for one job only. */
export function openContext(options: WasiOptions): WasiContext {
  const job = new WasiContext();
  job.begin(options);
  return job;
}

function terminated(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
