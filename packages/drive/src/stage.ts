import { open, type FileHandle } from 'node:fs/promises';
import { chunksOf, smallSize } from './chunks.ts';
import { fileCid, leafDigest, leafSize } from './cid.ts';
import { checkSpace, removeFile } from './disk.ts';
import { DriveError, storageError } from './error.ts';
import { leafWriter, type LeafWriter } from './leaf-writer.ts';

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

/** The space left is looked at again after so many chunks, because others write too and a size need not be announced. */
const spaceCheckEvery = 64;

/** Takes in one upload, hashing and writing each MiB at the same time, a few at once. Leaves nothing behind when it fails. */
export async function stage(options: StageOptions): Promise<Staged> {
  const { size, limit, temporary, signal, buffers } = options;
  const announced = size ?? 0;
  if (announced > limit) throw overQuota();
  await checkSpace({ ...options, bytes: announced });

  let file: FileHandle | undefined;
  let writer: LeafWriter | undefined;
  let received = 0;
  let count = 0;

  try {
    const take = () => buffers.pop() ?? Buffer.allocUnsafeSlow(leafSize);
    for await (const chunk of chunksOf(options.content, { signal, take })) {
      received += chunk.length;
      if (received > limit) throw overQuota();
      if (size !== undefined && received > size) throw wrongSize(size, 'more');
      if (count === 0 && chunk.length <= smallSize) {
        if (size !== undefined && received < size) throw wrongSize(size, 'less');
        return stagedInRow(Uint8Array.from(chunk));
      }
      file ??= await open(temporary, 'wx', 0o600);
      writer ??= leafWriter({ file, expected: Math.ceil(announced / leafSize), buffers });
      if (count > 0 && count % spaceCheckEvery === 0) await checkSpace({ ...options, bytes: leafSize });
      count += 1;
      await writer.add(chunk);
    }
    const digests = await writer?.end();
    if (size !== undefined && received < size) throw wrongSize(size, 'less');
    if (!file || !digests) throw new RangeError('A stream has at least one chunk');
    await options.flush(file);
    await file.close();
    file = undefined;
    return stagedInFile({ digests, size: received, temporary });
  } catch (cause) {
    await writer?.settled();
    await file?.close().catch(() => {});
    await removeFile(temporary).catch(() => {});
    throw storageError(cause);
  }
}

/** Bytes of a small file. */
export async function stagedInRow(content: Uint8Array<ArrayBuffer>): Promise<Staged> {
  const size = content.length;
  return { cid: fileCid({ digests: await leafDigest(content), size }), size, leaves: null, content, temporary: undefined };
}

/** A file that is complete and flushed, from the digests of its leaves. */
export function stagedInFile({ digests, size, temporary }: { digests: Uint8Array; size: number; temporary: string }): Staged {
  return { cid: fileCid({ digests, size }), size, leaves: size > leafSize ? digests : null, content: null, temporary };
}

export const overQuota = () =>
  new DriveError(
    'quota_exceeded',
    'This drive has no room for that. Delete something and empty the trash, or ask the owner of the node for more.',
  );

export const wrongSize = (size: number, than: 'more' | 'less') =>
  new DriveError(
    'upload_incomplete',
    `The upload was announced with ${size} bytes, but ${than} than that arrived. Nothing was stored; send it again.`,
  );
