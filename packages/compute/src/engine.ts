import type { Limits } from '@freehold/protocol';
import type { SecretRef } from './secrets.ts';
import type { MountChange, WasmMounts } from './wasm/index.ts';

/** Why a run ended. `exit` is the program's own end; every other reason is a limit or a fault. */
export type RunReason = 'exit' | 'signal' | 'trap' | 'wall' | 'cpu' | 'memory' | 'fuel' | 'output' | 'killed' | 'spawn' | 'invalid';

/**
 * What a program is: a static Linux executable, one that needs shared libraries, a script for an interpreter of the machine, a JavaScript module, or WebAssembly: a
 * core module or reactor whose exports are called, a WASI command, or a component.
 */
export type ProgramKind = 'native' | 'dynamic' | 'script' | 'javascript' | 'core' | 'wasi' | 'reactor' | 'component';

/** One run of a program in a sandbox, whichever engine does it. */
export type Run = {
  /** CID of the program: its file name in the programs directory. */
  program: string;
  /** The program itself, when it is not among those of the node (WebAssembly). */
  bytes?: Uint8Array;
  kind: ProgramKind;
  /** What runs a `script`. */
  interpreter?: 'python' | 'sh';
  /** Export to call (kinds `core` and `reactor`). */
  entry: string | null;
  args: string[];
  env: Record<string, string>;
  limits: Limits;
  /** Present for deterministic functions: the clock is fixed and randomness is drawn from this seed. */
  seed: Uint8Array | undefined;
  /** The only `host:port` it may connect to. Absent: no network at all. */
  network?: readonly string[];
  /** What only the program sees: put in when it is started, by whoever holds it. */
  secret?: SecretRef;
  /** It may start processes, all within `limits` together. */
  fork?: boolean;
  /** Most bytes on standard error, for a program that is kept running; else as much as any may write. */
  errorBytes?: number;
  /** Folders that a WASI program is given (kind `wasi`). */
  mounts?: WasmMounts;
};

export type RunOptions = {
  /** Aborting stops the program; the run then ends with the reason `killed`. */
  signal?: AbortSignal;
  /** Takes output as it comes instead of collecting it. A returned promise holds the program back until it settles. */
  onStdout?: (chunk: Buffer) => void | Promise<void>;
  onStderr?: (chunk: Buffer) => void | Promise<void>;
  /** Hears of each system call that a native program is refused, when the engine was opened to explain. */
  onRefused?: (refusal: { call: string; error: string }) => void;
};

export type RunResult = {
  reason: RunReason;
  exitCode: number | null;
  /** One sentence for the author of the program when the reason is not `exit`. */
  message: string | null;
  wallUs: number;
  cpuUs: number;
  maxRssBytes: number;
  /** Instructions that ran, when the run was metered. */
  fuel?: number;
  /** What a program that ended with code 0 changed in its mounts, in their order. Nobody has committed it yet. */
  changes?: MountChange[][];
  /** Empty when it was taken by a callback. */
  stdout: Buffer;
  stderr: Buffer;
};

/** A sandbox that has proved itself, or the reason why there is none here. */
export type EngineState =
  | {
      available: true;
      checks: { name: string; passed: boolean }[];
      tier: string;
      /** What confines its programs, in words. */
      walls?: string;
      /** What it cannot do here, each with a sentence that says why. */
      missing?: Partial<Record<'libraries' | 'processes' | 'network' | 'python' | 'sh', string>>;
    }
  | { available: false; reason: string; advice: string };

export type Engine = {
  state: EngineState;
  run(run: Run, stdin: Buffer | AsyncIterable<Uint8Array>, options: RunOptions): Promise<RunResult>;
  stop(): Promise<void>;
};
