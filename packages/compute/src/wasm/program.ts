import { inspectWasm } from './inspect.ts';
import { importMemory } from './limit-memory.ts';
import { parseModule, type Limits, type Signature } from './parse.ts';

const pageBytes = 65_536;
/** A memory is kept for the next job of the same program up to this size: clearing a larger one costs more than a fresh one. */
const largestKept = 2 * 1024 * 1024;

/** Said of a program that cannot be started; the message is for whoever sent it. */
export class Refusal extends Error {
  readonly reason: 'invalid' | 'memory';

  constructor(reason: 'invalid' | 'memory', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A compiled module in a host process, and the memories its jobs run in. */
export type Program = {
  readonly module: WebAssembly.Module;
  readonly size: number;
  readonly isCommand: boolean;
  readonly exports: ReadonlyMap<string, Signature>;
  /** An all-zero memory that can grow to at most `memoryBytes`; undefined for a program without one. */
  takeMemory(memoryBytes: number): WebAssembly.Memory | undefined;
  /** Takes a memory back after a job and clears it. Answers how many bytes were let go for the collector to free. */
  giveBack(memory: WebAssembly.Memory | undefined): number;
};

/** @throws Refusal when the file is not something this engine runs. */
export function compileProgram(bytes: Uint8Array): Program {
  const inspection = inspectWasm(bytes);
  if (inspection.reason !== undefined) throw new Refusal('invalid', inspection.reason);
  const parsed = parseModule(bytes);
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(importMemory(parsed));
  } catch (error) {
    throw new Refusal(
      'invalid',
      `This is not a WebAssembly module that can be run: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  let kept: { memory: WebAssembly.Memory; maximum: number } | undefined;
  let lent: number | undefined;

  return {
    module,
    size: bytes.length,
    isCommand: inspection.kind === 'wasi-command',
    exports: new Map(parsed.exports.map(({ name, signature }) => [name, signature])),
    takeMemory(memoryBytes) {
      if (parsed.memory === undefined) return undefined;
      const maximum = maximumPages(parsed.memory, memoryBytes);
      const reused = kept?.maximum === maximum ? kept.memory : undefined;
      kept = undefined;
      lent = maximum;
      return reused ?? new WebAssembly.Memory({ initial: parsed.memory.minimum, maximum });
    },
    giveBack(memory) {
      if (memory === undefined || lent === undefined) return 0;
      const size = memory.buffer.byteLength;
      if (size > largestKept || size !== (parsed.memory?.minimum ?? 0) * pageBytes) return size;
      new Uint8Array(memory.buffer).fill(0);
      kept = { memory, maximum: lent };
      return 0;
    },
  };
}

function maximumPages({ minimum, maximum = Infinity }: Limits, memoryBytes: number): number {
  const allowed = Math.floor(memoryBytes / pageBytes);
  if (minimum > allowed)
    throw new Refusal('memory', `It needs ${minimum * pageBytes} bytes of memory to start; ${memoryBytes} are allowed.`);
  if (maximum < minimum) throw new Refusal('invalid', 'The maximum of its memory is below the minimum.');
  return Math.min(maximum, allowed);
}
