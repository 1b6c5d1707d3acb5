import type { FileHandle } from 'node:fs/promises';
import { leafDigest, leafSize } from './cid.ts';
import { writeAll } from './disk.ts';

const inFlight = 4;
export const keptBuffers = 16;
const digestSize = 32;

/** Hashes and writes the leaves of a file at the same time, a few at once. */
export type LeafWriter = ReturnType<typeof leafWriter>;

/** Leaves go to the file from `position` on; `expected` is how many of them, as far as is known. Written buffers go back to `buffers`. */
export function leafWriter({
  file,
  position = 0,
  expected,
  buffers,
}: {
  file: FileHandle;
  position?: number;
  expected: number;
  buffers: Buffer<ArrayBuffer>[];
}) {
  const writing = new Set<Promise<void>>();
  let digests = new Uint8Array(digestSize * Math.max(1, expected));
  let count = 0;
  let failure: unknown;

  async function write(chunk: Buffer<ArrayBuffer>, leaf: number) {
    try {
      const [digest] = await Promise.all([leafDigest(chunk), writeAll(file, chunk, position + leaf * leafSize)]);
      digests.set(digest, leaf * digestSize);
      if (chunk.length === leafSize && buffers.length < keptBuffers) buffers.push(chunk);
    } catch (cause) {
      failure ??= cause;
    }
  }

  return {
    /** Takes the next leaf; settles when there is room for another one. Throws what an earlier one failed with. */
    async add(chunk: Buffer<ArrayBuffer>): Promise<void> {
      if (digests.length < (count + 1) * digestSize) digests = doubled(digests);
      const one = write(chunk, count++).finally(() => writing.delete(one));
      writing.add(one);
      if (writing.size >= inFlight) await Promise.race(writing);
      if (failure !== undefined) throw failure;
    },

    /** The digests of all leaves, when every one has been written. */
    async end(): Promise<Uint8Array<ArrayBuffer>> {
      await Promise.all(writing);
      if (failure !== undefined) throw failure;
      return digests.subarray(0, count * digestSize);
    },

    /** Settles when nothing is being written any more, failed or not: before the file is closed. */
    async settled(): Promise<void> {
      await Promise.all(writing);
    },
  };
}

function doubled(bytes: Uint8Array<ArrayBuffer>) {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
