import type { MountChange, WasmMount, WasmMounts } from './mount.ts';

/** What a job may use. Every limit ends the job with a reason of its own, except `scratchBytes`, which the program is told about (NOSPC). */
export type WasmLimits = {
  wallMs: number;
  cpuMs: number;
  /** The most linear memory, in bytes; rounded down to whole pages of 64 KiB. */
  memoryBytes: number;
  /** The most bytes on stdout. stderr may hold 64 KiB. */
  outputBytes: number;
  /** What the scratch folder may cost, names included. */
  scratchBytes: number;
  /** Instructions (`meter.ts`). Absent: they are not counted. */
  fuel?: number;
};

export type WasmProgram = {
  /** The hash of the bytes: the same id always means the same bytes. */
  id: string;
  /** Asked only when the process that got the job does not have the program yet. */
  read: () => Promise<Uint8Array> | Uint8Array;
};

type Common = {
  program: WasmProgram;
  limits: WasmLimits;
  /** Milliseconds since the epoch at which the program's clocks stand. Absent: real time. */
  fixedTime?: number;
  /** 32 bytes that all its randomness is made of. Absent: real randomness. */
  seed?: Uint8Array;
};

/** A WASI preview 1 command: `_start` with arguments (the first is the program's name), environment and stdin. */
export type WasmCommand = Common & {
  kind: 'command';
  args: string[];
  env: Record<string, string>;
  stdin?: Uint8Array;
  mounts?: WasmMounts;
  /** Takes output while it is written; the result has the rest of it. A returned promise holds the program back. */
  onStdout?: (chunk: Buffer) => void | Promise<void>;
};

/** One exported function of a module, with numbers written in decimal. */
export type WasmCall = Common & { kind: 'call'; name: string; args: string[] };

export type WasmJob = WasmCommand | WasmCall;

/**
 * - `exit`: it ended by itself, with `exitCode` (0 for a call that returned)
 * - `trap`: the engine stopped it; `trap` says why
 * - `wall`, `cpu`, `memory`, `fuel`, `output`: it reached that limit
 * - `killed`: its process ended from outside, or the caller gave up
 * - `invalid`: it was never started; `trap` says what is wrong with the program or the arguments
 */
export type WasmReason = 'exit' | 'trap' | 'wall' | 'cpu' | 'memory' | 'fuel' | 'output' | 'killed' | 'invalid';

export type WasmResult = {
  reason: WasmReason;
  exitCode: number;
  /** For every reason but `exit`: a sentence that can be shown to the caller. */
  trap?: string;
  /** Microseconds of time and processor in the host process, compiling included when it had to. */
  wallUs: number;
  cpuUs: number;
  /** The largest linear memory; for a job that was stopped from outside, the resident memory its process had come to. */
  maxRssBytes: number;
  /** Instructions that it ran, when they were counted; at most those it was allowed. */
  fuel?: number;
  stdout: Buffer;
  stderr: Buffer;
  /** What a call returned, in decimal. */
  results?: string[];
  /** For a job with mounts that ended well: what it changed in each of them, in their order. */
  changes?: MountChange[][];
};

/** The head of a `run` frame; the body is stdin. */
export type RunHead = {
  /** Counts the jobs of one process. */
  id: number;
  /**
   * Present for a job that is sent while another runs: it may begin before this time of the monotonic clock, in nanoseconds, which
   * all processes of the machine share. From then on the host answers `late`, and the server may give it to another.
   */
  before?: number;
  kind: 'command' | 'call';
  program: string;
  name: string;
  args: string[];
  env: string[];
  limits: Pick<WasmLimits, 'memoryBytes' | 'outputBytes' | 'scratchBytes' | 'fuel'>;
  mounts?: WasmMount[];
  /** Its output is wanted while it is written, in `output` frames. */
  streams?: boolean;
  fixedTime?: number;
  /** Hexadecimal. */
  seed?: string;
};

/** The head of a `result` frame; the body is stdout, stderr, and the new contents of files in the order of the changes. */
export type ResultHead = Omit<WasmResult, 'stdout' | 'stderr' | 'changes'> &
  ReadyHead & { id: number; stdoutBytes: number; stderrBytes: number; changes?: SentChange[][] };

/** A change whose bytes are in the body. */
export type SentChange = Exclude<MountChange, { bytes: Uint8Array }> | { type: 'file'; path: string; from?: string; length: number };

/** The head of a `read` frame, by which a host asks for a part of a content; the answer is a `content` frame with the bytes. */
export type ReadHead = { content: string; offset: number; length: number };

/** The head of a `late` frame. */
export type LateHead = { id: number };

/** The head of a `ready` frame: the processor time that the whole process has used so far. */
export type ReadyHead = { processCpuMs: number };

/** The most bytes of stdin, and of stdout, that one job may have. */
export const largestStream = 64 * 1024 * 1024;

/** The most bytes a program may write to stderr. */
export const stderrBytes = 64 * 1024;
