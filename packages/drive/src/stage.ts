import { open, type FileHandle } from 'node:fs/promises';
import { chunksOf, smallSize } from './chunks.ts';
import { fileCid, leafDigest, leafSize } from './cid.ts';
import { checkSpace, removeFile, writeAll } from './disk.ts';
import { DriveError, storageError } from './error.ts';

/** Content that is complete, hashed and flushed, but that nothing names yet. */
export type Staged = {
  cid: string;
  size: number;
  /** SHA-256 of each MiB, when there is more than one. */
  leaves: Uint8Array | null;
  /** The bytes of a small file; null when they are in `temporary`. */
  content: Uint8Array | null;
  temporary: string | undefined;
};

export type StageOptions = {
  content: AsyncIterable<Uint8Array>;
  /** Announced size in bytes; another size of the content is an error. */
  size: number | undefined;
  /** Bytes that the quota leaves. */
  limit: number;
  signal: AbortSignal;
  /** Where the content goes unless it is small. */
  temporary: string;
  /** Folder on the disk that must keep `reserve` bytes free. */
  folder: string;
  reserve: number | undefined;
  buffers: Buffer<ArrayBuffer>[];
  /** Flushes a file to the disk. */
  flush: (file: FileHandle) => Promise<void>;
};

const inFlight = 4;
/** The space left is looked at again after so many chunks, because others write too and a size need not be announced. */
const spaceCheckEvery = 64;
export const keptBuffers = 16;
const digestSize = 32;

/** Takes in one upload, hashing and writing each MiB at the same time, a few at once. Leaves nothing behind when it fails. */
export async function stage(options: StageOptions): Promise<Staged> {
  const { size, limit, temporary, signal, buffers } = options;
  const announced = size ?? 0;
  if (announced > limit) throw overQuota();
  await checkSpace({ ...options, bytes: announced });

  let file: FileHandle | undefined;
  let received = 0;
  let leaves = new Uint8Array(digestSize * Math.max(1, Math.ceil(announced / leafSize)));
  let count = 0;
  let failure: unknown;
  const writing = new Set<Promise<void>>();

  async function write(target: FileHandle, chunk: Buffer<ArrayBuffer>, leaf: number) {
    try {
      const [digest] = await Promise.all([leafDigest(chunk), writeAll(target, chunk, leaf * leafSize)]);
      leaves.set(digest, leaf * digestSize);
      if (chunk.length === leafSize && buffers.length < keptBuffers) buffers.push(chunk);
    } catch (cause) {
      failure ??= cause;
    }
  }

  try {
    const take = () => buffers.pop() ?? Buffer.allocUnsafeSlow(leafSize);
    for await (const chunk of chunksOf(options.content, { signal, take })) {
      received += chunk.length;
      if (received > limit) throw overQuota();
      if (size !== undefined && received > size) throw wrongSize(size, 'more');
      if (count === 0 && chunk.length <= smallSize) {
        if (size !== undefined && received < size) throw wrongSize(size, 'less');
        const content = Uint8Array.from(chunk);
        return {
          cid: fileCid({ digests: await leafDigest(content), size: received }),
          size: received,
          leaves: null,
          content,
          temporary: undefined,
        };
      }
      file ??= await open(temporary, 'wx', 0o600);
      if (count > 0 && count % spaceCheckEvery === 0) await checkSpace({ ...options, bytes: leafSize });
      if (leaves.length < (count + 1) * digestSize) leaves = doubled(leaves);
      const one = write(file, chunk, count++).finally(() => writing.delete(one));
      writing.add(one);
      if (writing.size >= inFlight) await Promise.race(writing);
      if (failure !== undefined) throw failure;
    }
    await Promise.all(writing);
    if (failure !== undefined) throw failure;
    if (size !== undefined && received < size) throw wrongSize(size, 'less');
    if (!file) throw new RangeError('A stream has at least one chunk');
    await options.flush(file);
    await file.close();
    file = undefined;
    const digests = leaves.subarray(0, count * digestSize);
    return { cid: fileCid({ digests, size: received }), size: received, leaves: count > 1 ? digests : null, content: null, temporary };
  } catch (cause) {
    await Promise.all(writing);
    await file?.close().catch(() => {});
    await removeFile(temporary);
    throw storageError(cause);
  }
}

function doubled(bytes: Uint8Array<ArrayBuffer>) {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

export const overQuota = () =>
  new DriveError(
    'quota_exceeded',
    'This drive has no room for that. Delete something and empty the trash, or ask the owner of the node for more.',
  );

const wrongSize = (size: number, than: 'more' | 'less') =>
  new DriveError(
    'upload_incomplete',
    `The upload was announced with ${size} bytes, but ${than} than that arrived. Nothing was stored; send it again.`,
  );
