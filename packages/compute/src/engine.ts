import type { Limits } from '@freehold/protocol';

/** Why a run ended. `exit` is the program's own end; every other reason is a limit or a fault. */
export type RunReason = 'exit' | 'signal' | 'trap' | 'wall' | 'cpu' | 'memory' | 'output' | 'killed' | 'spawn' | 'invalid';

/** One run of a program in a sandbox, whichever engine does it. */
export type Run = {
  /** CID of the program: its file name in the programs directory. */
  program: string;
  kind: 'native' | 'core' | 'wasi';
  /** Export to call (kind `core`). */
  entry: string | null;
  args: string[];
  env: Record<string, string>;
  limits: Limits;
  /** Present for deterministic functions: the clock is fixed and randomness is drawn from this seed. */
  seed: Uint8Array | undefined;
};

export type RunResult = {
  reason: RunReason;
  exitCode: number | null;
  /** One sentence for the author of the program when the reason is not `exit`. */
  message: string | null;
  wallUs: number;
  cpuUs: number;
  maxRssBytes: number;
  stdout: Buffer;
  stderr: Buffer;
};

/** A sandbox that has proved itself, or the reason why there is none here. */
export type EngineState =
  | { available: true; checks: { name: string; passed: boolean }[]; tier: string }
  | { available: false; reason: string; advice: string };

export type Engine = {
  state: EngineState;
  run(run: Run, stdin: Buffer, options: { signal?: AbortSignal }): Promise<RunResult>;
  stop(): Promise<void>;
};
