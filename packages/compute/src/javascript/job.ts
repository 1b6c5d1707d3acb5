import type { RunReason } from '../engine.ts';

/** One call of a program, for a host process. */
export type JavaScriptJob = {
  /** CID of the program. */
  program: string;
  /** Asked only when the process that got the job does not have the program yet. */
  read: () => Promise<Uint8Array>;
  kind: 'program' | 'worker';
  /** It is compiled, and not run. */
  checkOnly?: boolean;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  limits: { wallMs: number; cpuMs: number; memoryBytes: number; outputBytes: number };
  seed?: Uint8Array | undefined;
  /** Milliseconds since the epoch at which its clocks stand; absent: real time. */
  fixedTime?: number | undefined;
  /** What the program may ask the node to do for it, by name. */
  services: Readonly<Record<string, Service>>;
};

/** Something that is done outside the sandbox. Errors are told to the program by their message, and nothing else of them. */
export type Service = (ask: { head: unknown; body: Uint8Array; signal: AbortSignal }) => Promise<ServiceAnswer>;
export type ServiceAnswer = { head: unknown; body?: Uint8Array | AsyncIterable<Uint8Array> };

export type JavaScriptReason = Extract<RunReason, 'exit' | 'wall' | 'cpu' | 'memory' | 'output' | 'killed' | 'invalid'>;

/** The head of a `run` frame; the body is the whole of a short input. */
export type RunHead = {
  kind: JavaScriptJob['kind'];
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  outputBytes: number;
  /** False when there is more than what came with it: then it is pulled. */
  inputEnds: boolean;
  services: readonly string[];
  checkOnly: boolean;
  fixedTime?: number;
  /** Hexadecimal. */
  seed?: string;
};

/** The head of a `result` frame. Output went before it, in frames of its own. */
export type ResultHead = { reason: 'exit' | 'output' | 'invalid'; exitCode: number; message?: string; wallUs: number; cpuUs: number };

/** What a program asks for (`ask`), and by which number the answers come. */
export type AskHead = { id: number; service: string; head: unknown };
/** The beginning of an answer, or why there is none. Its body comes in `chunk` frames, each asked for by `more`; an empty one is the end. */
export type AnswerHead = { id: number; head?: unknown; error?: string };
export type PartHead = { id: number };

/** The most bytes a program may write to standard error. */
export const mostStderr = 64 * 1024;
/** So much input is sent along with the job. */
export const shortInput = 256 * 1024;
/** The most bytes of a program. */
export const largestScript = 10 * 1024 * 1024;
