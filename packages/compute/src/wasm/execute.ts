import { memoryImport } from './limit-memory.ts';
import { stderrBytes, type ResultHead, type RunHead } from './job.ts';
import type { CallSignature } from './abi.ts';
import { giveText, isTextType, takeText } from './text-values.ts';
import { fromResults, toArguments } from './numbers.ts';
import { Refusal, type Program } from './program.ts';
import type { MountChange } from './mount.ts';
import { changesOf } from './wasi/mounted.ts';
import type { ReadContent } from './wasi/volume.ts';
import type { WasiEnd, WasiOptions } from './wasi/context.ts';
import type { Wasi } from './wasi/wasi.ts';
import { wasiModule } from './wasi/names.ts';

export type Outcome = Pick<ResultHead, 'reason' | 'exitCode' | 'trap' | 'results' | 'fuel'> & {
  /** What a call returned, when that is text or bytes. */
  text?: Uint8Array;
};
export type Execution = Omit<Outcome, 'text'> & {
  stdout: Uint8Array;
  stderr: Uint8Array;
  changes?: MountChange[][];
  memoryBytes: number;
  /** To be called when the answer is out: clears what was used. Answers how many bytes are left to the collector. */
  release(): number;
};

/** Runs one job in a fresh instance and answers how it ended. Nothing of it can be seen by the next job. */
export function execute({
  program,
  wasi,
  job,
  stdin,
  readContent,
  passStdout,
}: {
  program: Program;
  wasi: Wasi;
  job: RunHead;
  stdin: Uint8Array;
  /** Asks the server for a part of a content that the job's mounts name. */
  readContent: ReadContent;
  /** Takes standard output while it is written, of jobs that ask for it. */
  passStdout: (bytes: Uint8Array) => void;
}): Execution {
  const memory = program.takeMemory(job.limits.memoryBytes);
  const tank = openTank(program, job);
  const instructions = tank && (() => BigInt(tank.used()));
  if (program.usesWasi)
    wasi.begin({
      ...wasiOptions(job, stdin, memory),
      readContent,
      ...(job.streams && { passStdout }),
      ...(instructions && { instructions }),
    });
  const { text, ...outcome } = withFuel(run(program, job, wasi, memory, tank), tank);
  const stdout = text ?? wasi.job.stdout.bytes;
  const { bytes: stderr } = wasi.job.stderr;
  const endedWell = outcome.reason === 'exit' && outcome.exitCode === 0;
  return {
    ...outcome,
    stdout,
    stderr,
    ...(endedWell && job.mounts !== undefined && program.usesWasi && { changes: wasi.job.mounted.map(changesOf) }),
    memoryBytes: memory?.buffer.byteLength ?? 0,
    release() {
      const left = program.giveBack(memory) + wasi.job.treeBytes + stdout.length + stdin.length;
      if (program.usesWasi) wasi.clear();
      return left;
    },
  };
}

export function wasiOptions(
  job: RunHead,
  stdin: Uint8Array,
  memory: WebAssembly.Memory | undefined,
): Omit<WasiOptions, 'readContent' | 'passStdout'> {
  return {
    memory,
    args: job.args,
    env: job.env,
    stdin,
    limits: { stdout: job.limits.outputBytes, stderr: stderrBytes, scratch: job.limits.scratchBytes },
    mounts: job.mounts ?? [],
    ...(job.fixedTime === undefined ? {} : { fixedTime: job.fixedTime }),
    ...(job.seed === undefined ? {} : { seed: Buffer.from(job.seed, 'hex') }),
  };
}

function run(program: Program, job: RunHead, wasi: Wasi, memory: WebAssembly.Memory | undefined, tank: Tank | undefined): Outcome {
  let outcome: Outcome;
  try {
    outcome = start(program, job, wasi, memory, tank);
  } catch (error) {
    outcome = describe(error);
  }
  const { ended } = wasi.job;
  return ended === undefined ? outcome : endOf(ended, job);
}

/** What came of a program that ended itself, or wrote more than it may. */
export function endOf(ended: WasiEnd, job: RunHead): Outcome {
  if (ended.reason === 'exit') return { reason: 'exit', exitCode: ended.exitCode };
  return {
    reason: 'output',
    exitCode: 0,
    trap: `It wrote more than the ${job.limits.outputBytes} bytes it may, or more than ${stderrBytes} to stderr.`,
  };
}

function start(program: Program, job: RunHead, wasi: Wasi, memory: WebAssembly.Memory | undefined, tank: Tank | undefined): Outcome {
  if (job.kind === 'command') mustBeCommand(program);
  const call = job.kind === 'call' ? readCall(program, job) : undefined;
  const imports: WebAssembly.Imports = { [wasiModule]: wasi.calls };
  if (memory !== undefined) imports[memoryImport.module] = { [memoryImport.name]: memory };
  const { exports } = new WebAssembly.Instance(program.module, imports);
  tank?.fill(exports);
  if (call === undefined) {
    callable(exports, '_start')();
    return { reason: 'exit', exitCode: 0 };
  }
  // A reactor, or a library, is made ready before anything else of it is called.
  if (job.name !== '_initialize' && typeof exports['_initialize'] === 'function') callable(exports, '_initialize')();
  return { reason: 'exit', exitCode: 0, ...perform(program, job, call, exports, memory) };
}

type Call = { signature: CallSignature; args: (number | bigint | string)[] };

function perform(
  { allocator }: Program,
  { name, limits }: RunHead,
  { signature, args }: Call,
  exports: Record<string, unknown>,
  memory: WebAssembly.Memory | undefined,
): Pick<Outcome, 'results' | 'text'> {
  const [result] = signature.results;
  if (![...signature.parameters, ...signature.results].some(isTextType)) return { results: fromResults(callable(exports, name)(...args)) };
  if (memory === undefined) throw new Refusal('invalid', 'It has no memory, so it cannot take or return text.');
  const place = { memory, allocator, exports };
  const given = signature.parameters.flatMap((type, index) => {
    const value = args[index] ?? 0;
    return isTextType(type) ? giveText(place, type, String(value)) : [value];
  });
  const value = callable(exports, name)(...given);
  if (result === undefined || !isTextType(result)) return { results: fromResults(value) };
  const text = takeText(place, result, value);
  if (text.length > limits.outputBytes)
    throw new Refusal('output', `It returned ${text.length} bytes; it may return ${limits.outputBytes}.`);
  return { text };
}

function callable(exports: Record<string, unknown>, name: string): (...values: unknown[]) => unknown {
  const found = exports[name];
  if (typeof found !== 'function') throw new Refusal('invalid', 'The function to call is not there.');
  return (...values) => found(...values);
}

/** What a metered program has left to burn. */
type Tank = { fill(exports: Record<string, unknown>): void; used(): number; isEmpty(): boolean };

function openTank({ metered }: Program, { limits }: RunHead): Tank | undefined {
  const { fuel } = limits;
  if (metered === undefined || fuel === undefined) return undefined;
  let left: WebAssembly.Global | undefined;
  const amount = () => (left === undefined ? fuel : Number(left.value));
  return {
    fill(exports) {
      const global = exports[metered.fuelName];
      if (!(global instanceof WebAssembly.Global)) throw new Error('A metered program does not export what is left');
      left = global;
      left.value = BigInt(fuel);
      const begin = metered.startName === undefined ? undefined : exports[metered.startName];
      if (typeof begin === 'function') begin();
    },
    used: () => fuel - Math.max(0, amount()),
    isEmpty: () => amount() < 0,
  };
}

/** Whoever ran out has run out, however the program ended: so it is the same on every machine. */
function withFuel(outcome: Outcome, tank: Tank | undefined): Outcome {
  if (tank === undefined) return outcome;
  const fuel = tank.used();
  if (tank.isEmpty()) return { reason: 'fuel', exitCode: 0, trap: `It ran more than the ${fuel} instructions it may.`, fuel };
  return { ...outcome, fuel };
}

function mustBeCommand(program: Program): void {
  if (program.isCommand) return;
  throw new Refusal('invalid', 'It has no function "_start", so it is not a command. Call one of its functions by name instead.');
}

function readCall(program: Program, { name, args }: RunHead): Call {
  const signature = program.exports.get(name);
  if (signature === undefined) {
    const offered = [...program.exports.keys()].slice(0, 20).join(', ') || 'none';
    throw new Refusal('invalid', `It has no function "${name.slice(0, 80)}". Its functions: ${offered}.`);
  }
  try {
    return { signature, args: toArguments(name, signature, args) };
  } catch (error) {
    throw error instanceof RangeError ? new Refusal('invalid', error.message) : error;
  }
}

export function describe(error: unknown): Outcome {
  if (error instanceof Refusal) return { reason: error.reason, exitCode: 0, trap: error.message };
  if (error instanceof WebAssembly.LinkError) return { reason: 'invalid', exitCode: 0, trap: `It cannot be linked: ${error.message}.` };
  if (error instanceof RangeError && /call stack/i.test(error.message)) return { reason: 'trap', exitCode: 0, trap: 'stack overflow' };
  if (error instanceof RangeError && /memory|allocat/i.test(error.message)) return { reason: 'memory', exitCode: 0, trap: error.message };
  return { reason: 'trap', exitCode: 0, trap: error instanceof Error ? error.message : 'it threw an exception' };
}
