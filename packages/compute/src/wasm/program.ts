import { allocatorOf, type Allocator, type CallSignature } from './abi.ts';
import { inspectWasm } from './inspect.ts';
import { meter, type Metered } from './meter.ts';
import { MalformedWasm } from './reader.ts';
import { importMemory } from './limit-memory.ts';
import { parseModule, type Limits } from './parse.ts';

const pageBytes = 65_536;
/** A memory is made ready between jobs up to this size: clearing a larger one costs more than making it when it is needed. */
const largestKept = 2 * 1024 * 1024;

/** Said of a program that cannot be started, or of what it returned; the message is for whoever sent it. */
export class Refusal extends Error {
  readonly reason: 'invalid' | 'memory' | 'trap' | 'output';

  constructor(reason: Refusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A compiled module in a host process, and the memories its jobs run in. */
export type Program = {
  readonly module: WebAssembly.Module;
  readonly size: number;
  readonly isCommand: boolean;
  readonly exports: ReadonlyMap<string, CallSignature>;
  readonly allocator: Allocator | undefined;
  readonly usesWasi: boolean;
  /** Present when it counts its instructions: under which names it exports what is left, and what it does at the start. */
  readonly metered: { fuelName: string; startName: string | undefined } | undefined;
  /** An all-zero memory that can grow to at most `memoryBytes`; undefined for a program without one. */
  takeMemory(memoryBytes: number): WebAssembly.Memory | undefined;
  /** Takes a memory back after a job and makes one ready for the next. Answers how many bytes are left to the collector. */
  giveBack(memory: WebAssembly.Memory | undefined): number;
};

/** @throws Refusal when the file is not something this engine runs. */
export function compileProgram(bytes: Uint8Array, { isMetered = false } = {}): Program {
  const inspection = inspectWasm(bytes);
  if (inspection.reason !== undefined) throw new Refusal('invalid', inspection.reason);
  if (inspection.kind === 'component') throw new Refusal('invalid', 'This is a component, not a module.');
  const parsed = parseModule(bytes);
  let module: WebAssembly.Module;
  let metered: Metered | undefined;
  try {
    metered = isMetered ? meter(parsed) : undefined;
    module = new WebAssembly.Module(importMemory(metered ? { ...parsed, sections: metered.sections } : parsed));
  } catch (error) {
    if (error instanceof MalformedWasm) throw new Refusal('invalid', `Its instructions cannot be counted: ${error.message}.`);
    throw new Refusal(
      'invalid',
      `This is not a WebAssembly module that can be run: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  const { memory: wanted } = parsed;
  /** All-zero and unused. */
  let spare: { memory: WebAssembly.Memory; maximum: number } | undefined;
  let lent = 0;

  return {
    module,
    size: bytes.length,
    isCommand: inspection.kind === 'wasi-command',
    exports: new Map(inspection.exports.map((found) => [found.name, found])),
    allocator: allocatorOf(parsed),
    usesWasi: parsed.imports.length > 0,
    metered,
    takeMemory(memoryBytes) {
      if (wanted === undefined) return undefined;
      lent = maximumPages(wanted, memoryBytes);
      const ready = spare?.maximum === lent ? spare.memory : undefined;
      spare = undefined;
      return ready ?? new WebAssembly.Memory({ initial: wanted.minimum, maximum: lent });
    },
    giveBack(memory) {
      if (wanted === undefined || memory === undefined) return 0;
      const initial = wanted.minimum * pageBytes;
      const size = memory.buffer.byteLength;
      if (initial > largestKept) return size;
      if (size === initial) {
        new Uint8Array(memory.buffer).fill(0);
        spare = { memory, maximum: lent };
        return 0;
      }
      spare = { memory: new WebAssembly.Memory({ initial: wanted.minimum, maximum: lent }), maximum: lent };
      return size;
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
