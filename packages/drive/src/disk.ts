import { mkdir, open, rm, statfs, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskFull, storageError } from './error.ts';

const MiB = 1 << 20;

/** What may be kept free of a disk for everything that is not a blob: the database, logs, the system. In bytes. */
export const standardReserve = (total: number): number => Math.max(256 * MiB, total * 0.02);

/** Throws `disk_full` when `bytes` more would eat into the reserve of the disk that holds the folder. */
export async function checkSpace({
  folder,
  bytes,
  reserve,
}: {
  folder: string;
  bytes: number;
  reserve: number | undefined;
}): Promise<void> {
  if ((await spaceAbove({ folder, reserve })) < bytes) throw diskFull();
}

/** Free bytes of the disk beyond its reserve; negative when that is eaten into. */
export async function spaceAbove({ folder, reserve }: { folder: string; reserve: number | undefined }): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return bavail * bsize - (reserve ?? standardReserve(blocks * bsize));
}

/** A name is in a folder for good only once the folder itself is flushed. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and the folder above it for good. */
export async function makeFolder(folder: string): Promise<void> {
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) === undefined) return;
  await flushFolder(dirname(folder));
  await flushFolder(dirname(dirname(folder)));
}

/** Writes all of the bytes: a single write may end early, for one when the disk becomes full. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Errors: `storage_failed`. A file that is not there is removed. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw storageError(cause);
  }
}
