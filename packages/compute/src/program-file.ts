import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputeError } from './error.ts';

const mebibyte = 1024 * 1024;
/** What has to be looked at as a whole: WebAssembly modules and scripts. */
export const moduleSizeLimit = 32 * mebibyte;
/** Linux executables, of which only the head is looked at. */
export const executableSizeLimit = 512 * mebibyte;

const elfMagic = Buffer.from('7f454c46', 'hex');

/** A program that has arrived whole and is not a program of the node yet. */
export type Received = { path: string; size: number; sha256: Buffer };

const limitOf = (head: Uint8Array) => (elfMagic.equals(head.subarray(0, 4)) ? executableSizeLimit : moduleSizeLimit);

/**
 * Writes what arrives to a file of its own in `directory` and hashes it on the way: a program is never in memory as a whole.
 * Errors: `program_too_large`, `program_refused` when nothing comes.
 */
export async function receive(directory: string, content: AsyncIterable<Uint8Array>): Promise<Received> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, `.${randomUUID()}`);
  const file = await open(path, 'wx', 0o755);
  try {
    const hash = createHash('sha256');
    let size = 0;
    let head = Buffer.alloc(0);
    for await (const chunk of content) {
      if (head.length < elfMagic.length) head = Buffer.concat([head, chunk.subarray(0, elfMagic.length)]);
      size += chunk.length;
      if (size > limitOf(head))
        throw new ComputeError(
          'program_too_large',
          413,
          `A WebAssembly module or a script may have at most ${moduleSizeLimit / mebibyte} MiB, a Linux executable ${executableSizeLimit / mebibyte} MiB.`,
        );
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    if (size === 0)
      throw new ComputeError(
        'program_refused',
        422,
        'The upload is empty. Send the bytes of a WebAssembly module, a Linux executable or a script as the request body.',
      );
    // Guests are another user when the node is root, whatever the umask says.
    await file.chmod(0o755);
    await file.datasync();
    return { path, size, sha256: hash.digest() };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Gives a file that has arrived its name, durably. */
export async function place(directory: string, { path }: Received, name: string): Promise<void> {
  await rename(path, join(directory, name));
  const folder = await open(directory);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What had not arrived when an earlier process ended. Nothing of this process is arriving yet. */
export async function removeUnfinished(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const unfinished = entries.filter((entry) => entry.isFile() && entry.name.startsWith('.'));
  await Promise.all(unfinished.map(({ name }) => rm(join(directory, name), { force: true })));
}
