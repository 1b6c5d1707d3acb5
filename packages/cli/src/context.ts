import type { Readable, Writable } from 'node:stream';
import type { Settings } from './config.ts';

/** A place to write: a terminal says so, and a stream over a file descriptor can be handed to a child process as it is. */
export type Output = Writable & { isTTY?: boolean; fd?: number };

/** Everything a command may touch outside its arguments, so that it can run inside a test as it runs in a shell. */
export type Context = {
  settings: Settings;
  cwd: string;
  stdin: Readable & { fd?: number; isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  /** Asks the person for something that nobody shall see; undefined when there is nobody to ask. */
  ask?(question: string): Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** Aborted when the person asks the command to end (SIGINT, SIGTERM). */
  signal: AbortSignal;
};
