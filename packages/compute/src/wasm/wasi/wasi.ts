import type { WasiCalls, WasiContext } from './context.ts';
import { fixedClock, realClock } from './clock.ts';
import { Descriptors } from './descriptors.ts';
import { errno, WasiFailure } from './errno.ts';
import { fileCalls } from './file-calls.ts';
import { GuestMemory } from './guest-memory.ts';
import { Output } from './output.ts';
import { pathCalls } from './path-calls.ts';
import { pollCall } from './poll-call.ts';
import { processCalls } from './process-calls.ts';
import { realRandom, seededRandom } from './random.ts';
import { Volume } from './volume.ts';

/** Thrown through the guest to end it. A guest could catch it, so what counts is `Wasi.ended`, which it cannot undo. */
export class WasiEnd extends Error {
  readonly reason: 'exit' | 'output';
  readonly exitCode: number;

  constructor(reason: 'exit' | 'output', exitCode: number) {
    super(`The program ended (${reason})`);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

export type WasiOptions = {
  /** The names of the functions the program imports. */
  imports: readonly string[];
  memory: WebAssembly.Memory | undefined;
  args: string[];
  env: string[];
  stdin: Uint8Array;
  /** The most bytes each of stdout and stderr may hold, and the scratch folder with its names. */
  limits: { stdout: number; stderr: number; scratch: number };
  /** Present: time stands at these milliseconds since the epoch. Absent: the machine's time. */
  fixedTime?: number;
  /** Present: 32 bytes from which all randomness is made. Absent: the operating system's. */
  seed?: Uint8Array;
};

export type Wasi = {
  readonly calls: Record<string, (...values: never[]) => number>;
  readonly ended: WasiEnd | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly volume: Volume;
};

/**
 * WASI preview 1 for one job: standard streams in memory, and one empty writable folder at "/" that exists only here.
 * No path of the host is ever opened; what the guest names is looked up in `Volume` and nowhere else.
 */
export function openWasi(options: WasiOptions): Wasi {
  const clock = options.fixedTime === undefined ? realClock() : fixedClock({ epochMs: options.fixedTime });
  const volume = new Volume({ capacity: options.limits.scratch, now: () => clock.now(0) });
  const streams = { stdout: new Output(options.limits.stdout), stderr: new Output(options.limits.stderr) };
  const calls: Wasi['calls'] = {};
  let ended: WasiEnd | undefined;

  function end(reason: 'exit' | 'output', exitCode: number): never {
    ended = new WasiEnd(reason, exitCode);
    throw ended;
  }

  const context: WasiContext = {
    memory: new GuestMemory(options.memory),
    volume,
    descriptors: new Descriptors(volume),
    clock,
    random: options.seed === undefined ? realRandom : seededRandom(options.seed),
    args: options.args,
    env: options.env,
    stdin: { bytes: options.stdin, offset: 0 },
    write(stream, bytes) {
      if (!streams[stream].append(bytes)) end('output', 0);
    },
    exit: (code) => end('exit', code),
  };
  /** What a guest sees of a call: an error number, never an exception, except the one that ends it. */
  function guarded(call: (...values: never[]) => number | void): (...values: never[]) => number {
    return (...values) => {
      if (ended !== undefined) throw ended;
      try {
        return call(...values) ?? errno.success;
      } catch (error) {
        if (error instanceof WasiFailure) return error.errno;
        throw error;
      }
    };
  }

  const all: WasiCalls = { ...processCalls(context), ...fileCalls(context), ...pathCalls(context), ...pollCall(context) };
  for (const name of options.imports) {
    const call = all[name];
    if (call !== undefined) calls[name] = guarded(call);
  }
  return {
    calls,
    volume,
    get ended() {
      return ended;
    },
    get stdout() {
      return streams.stdout.bytes;
    },
    get stderr() {
      return streams.stderr.bytes;
    },
  };
}
