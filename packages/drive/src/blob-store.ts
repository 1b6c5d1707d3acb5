import { randomUUID } from 'node:crypto';
import { open, readdir, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '@freehold/database';
import { smallSize } from './chunks.ts';
import { blobFolder } from './cid.ts';
import { flushFolder, makeFolder, removeFile } from './disk.ts';
import { storageError } from './error.ts';
import { keyedLock } from './keyed-lock.ts';
import { stage, type StageOptions, type Staged } from './stage.ts';
import { blobRows } from './store/blobs.ts';

/** Bytes that a download reads ahead. */
const readSize = 256 * 1024;

export type BlobStoreDeps = {
  database: Database;
  directory: string;
  reserve: number | undefined;
  flush?: (file: FileHandle) => Promise<void>;
};
export type BlobStore = ReturnType<typeof openBlobStore>;

/**
 * Content by CID. A small blob is bytes in its row; a larger one is the file `blobs/ab/cd/<cid>`, byte for byte what the user gave.
 *
 * Invariant: a row without bytes has its file, flushed, before the row is committed; a file without a row is rubbish and may be
 * removed. Both are upheld by doing rename + commit, and row removal + unlink, under one lock per CID.
 */
export function openBlobStore({ database, directory, reserve, flush = (file) => file.datasync() }: BlobStoreDeps) {
  const folder = join(directory, 'blobs');
  const uploads = join(directory, 'uploads');
  const lock = keyedLock();
  const buffers: Buffer<ArrayBuffer>[] = [];
  const made = new Set<string>();
  const busy = new Set<Promise<unknown>>();
  const folderOf = (cid: string) => join(folder, ...blobFolder(cid));
  const pathOf = (cid: string) => join(folderOf(cid), cid);

  function track<Result>(work: Promise<Result>): Promise<Result> {
    busy.add(work);
    void Promise.allSettled([work]).then(() => busy.delete(work));
    return work;
  }

  async function putInPlace(temporary: string, cid: string) {
    const target = folderOf(cid);
    if (!made.has(target)) {
      await makeFolder(target);
      made.add(target);
    }
    await rename(temporary, pathOf(cid));
    await flushFolder(target);
  }

  async function removeUnlessKnown(cid: string): Promise<boolean> {
    const known = await blobRows(database.read).filesAmong([cid]);
    if (known.has(cid)) return false;
    await removeFile(pathOf(cid));
    return true;
  }

  return {
    folder,

    /** Makes the folders and removes what uploads left behind that a crash ended. Before anything else. */
    async prepare(): Promise<number> {
      await makeFolder(folder);
      await makeFolder(uploads);
      const left = await readdir(uploads);
      for (const name of left) await removeFile(join(uploads, name));
      return left.length;
    },

    stage: (options: Pick<StageOptions, 'content' | 'size' | 'limit' | 'signal'>): Promise<Staged> =>
      track(stage({ ...options, temporary: join(uploads, randomUUID()), folder, reserve, buffers, flush })),

    /** Puts staged content in its place for good, then commits the rows that name it. If that fails, nothing stays. */
    publish<Result>({ cid, temporary }: Staged, commit: () => Promise<Result>): Promise<Result> {
      if (temporary === undefined) return track(commit());
      const done = lock(cid, async () => {
        try {
          await putInPlace(temporary, cid);
          return await commit();
        } catch (cause) {
          await removeFile(temporary);
          await removeUnlessKnown(cid).catch(() => {});
          throw storageError(cause);
        }
      });
      return track(done);
    },

    /** Settles when no upload is under way any more. */
    async idle(): Promise<void> {
      while (busy.size > 0) await Promise.allSettled(busy);
    },

    /** The bytes from `start`, `length` of them. The file is open when this answers, so a removal afterwards does not end the stream. */
    async read({ cid, size, start, length }: { cid: string; size: number; start: number; length: number }): Promise<Readable> {
      const content = size <= smallSize ? await blobRows(database.read).content(cid) : undefined;
      if (content) return Readable.from(length > 0 ? [content.subarray(start, start + length)] : [], { objectMode: false });
      try {
        const file = await open(pathOf(cid), 'r');
        return file.createReadStream({ start, end: start + length - 1, highWaterMark: readSize });
      } catch (cause) {
        throw storageError(cause);
      }
    },

    /** Removes blobs that nothing has pointed at since `before`: first the row, then the file. */
    async collect({ before, signal }: { before: number; signal: AbortSignal }): Promise<number> {
      let removed = 0;
      for (;;) {
        const found = await blobRows(database.read).unreferenced(before, 100);
        for (const { cid, file } of found) {
          if (signal.aborted) return removed;
          await lock(cid, async () => {
            if (!(await database.transaction((tx) => blobRows(tx).remove(cid, before)))) return;
            removed += 1;
            if (file) await removeFile(pathOf(cid));
          });
        }
        if (found.length === 0) return removed;
      }
    },

    /** Removes files that no row knows: of an upload that a crash ended between rename and commit, or of a collection between row and file. */
    async removeOrphans(signal: AbortSignal): Promise<number> {
      let removed = 0;
      for await (const cids of filesByFolder(folder)) {
        if (signal.aborted) return removed;
        const known = await blobRows(database.read).filesAmong(cids);
        for (const cid of cids) {
          if (known.has(cid)) continue;
          if (await lock(cid, () => removeUnlessKnown(cid))) removed += 1;
        }
      }
      return removed;
    },

    /** Opens the file of a blob to look at it; undefined when it is missing. */
    async inspect(cid: string): Promise<FileHandle | undefined> {
      return open(pathOf(cid), 'r').catch(() => undefined);
    },
  };
}

/** The names of the blobs on disk, folder by folder. What is not ours is left alone. */
async function* filesByFolder(folder: string): AsyncGenerator<string[]> {
  for (const first of await namesIn(folder, /^[0-9a-f]{2}$/))
    for (const second of await namesIn(join(folder, first), /^[0-9a-f]{2}$/))
      yield await namesIn(join(folder, first, second), /^baf[a-z2-7]{56}$/);
}

const namesIn = async (folder: string, pattern: RegExp) => (await readdir(folder)).filter((name) => pattern.test(name));
