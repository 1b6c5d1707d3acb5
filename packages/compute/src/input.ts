import { hash } from 'node:crypto';

/** What a program reads on standard input: complete before it starts, so that its length and its hash are known. */
export type Input = {
  readonly size: number;
  readonly sha256: Uint8Array;
  /** The bytes, from the beginning each time. */
  read(): Buffer | AsyncIterable<Uint8Array>;
  /** Keeps it until the answer is called, though who made it lets go. */
  hold(): () => void;
};

const empty = Buffer.alloc(0);
const hold = () => () => {};
const hashOf = (bytes: Buffer) => hash('sha256', bytes, 'buffer');

export const noInput: Input = { size: 0, sha256: hashOf(empty), read: () => empty, hold };

/** An input that is in memory. */
export const bufferedInput = (bytes: Buffer): Input =>
  bytes.length === 0 ? noInput : { size: bytes.length, sha256: hashOf(bytes), read: () => bytes, hold };

/** All of it in memory. */
export async function wholeInput(input: Input): Promise<Buffer> {
  const bytes = input.read();
  return bytes instanceof Uint8Array ? bytes : Buffer.concat(await Array.fromAsync(bytes));
}
