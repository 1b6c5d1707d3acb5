/** What one run may use. Memory in bytes; CPU time is user and system time of all its threads. */
export type NativeLimits = {
  memoryBytes: number;
  cpuMs: number;
  wallMs: number;
  /** Most bytes on standard output; one more ends the run with reason `output`. */
  outputBytes: number;
  /** The same for standard error. */
  errorBytes: number;
};

export type NativeRequest = {
  /** File name inside the programs directory, without '/'. A static executable for this machine, readable by everyone; for the roomy runner any executable, or a script. */
  program: string;
  /** For a script: which of the runner's interpreters executes it, from 1. The script is then `/programs/<program>`. */
  interpreter?: number;
  /** It may start processes, all within `limits` together. The roomy runner only. */
  processes?: boolean;
  /** It may connect to the Unix sockets that it finds below `/programs`. The roomy runner only. */
  connects?: boolean;
  /** The whole command line; `argv[0]` is the name the program sees. */
  argv: readonly string[];
  /** The whole environment: nothing else reaches the program. */
  env: Readonly<Record<string, string>>;
  limits: NativeLimits;
};

/**
 * Why a run ended. `exit` is the program's own end; `signal` a crash; `memory` also stands for more than 64 threads; `killed`
 * means the caller's signal; `spawn` means the program was never started.
 */
export type NativeReason = 'exit' | 'signal' | 'wall' | 'cpu' | 'memory' | 'output' | 'killed' | 'spawn';

export type NativeResult = {
  reason: NativeReason;
  /** Null unless the program ended itself. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** One sentence for the author of the program; null when the reason is `exit`. */
  message: string | null;
  wallUs: number;
  /** User and system time, in microseconds. */
  cpuUs: number;
  /** Peak of memory in use. Never less than the runner's own few MiB, which a guest shares until it is executed. */
  maxRssBytes: number;
  /** Empty when the output was taken by a callback. */
  stdout: Buffer;
  stderr: Buffer;
};
