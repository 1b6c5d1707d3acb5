import { hash, randomUUID } from 'node:crypto';
import { open, readdir, rename, stat, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '@freehold/database';
import { chunksOf, smallSize } from './chunks.ts';
import { blobFolder, fileCid, leafDigest, leafSize } from './cid.ts';
import { contentDamaged } from './damage.ts';
import { flushFolder, makeFolder, removeFile } from './disk.ts';
import { storageError } from './error.ts';
import { keyedLock } from './keyed-lock.ts';
import { keptBuffers, stage, type StageOptions, type Staged } from './stage.ts';
import { blobRows, type StoredRow } from './store/blobs.ts';

/** Bytes that a download reads ahead. */
const readSize = 256 * 1024;

export type BlobStoreDeps = {
  database: Database;
  directory: string;
  reserve: number | undefined;
  flush?: (file: FileHandle) => Promise<void>;
  now: () => number;
  log: (event: string, fields: Record<string, string | number>) => void;
};
export type BlobStore = ReturnType<typeof openBlobStore>;

/** What became of the bytes of a blob. `gone`: it is no blob any more. */
export type Condition =
  | { state: 'intact' | 'gone' }
  | { state: 'damaged'; problem: 'missing' | 'length' | 'bytes'; /** Bytes found. */ found: number };

/** Damaged bytes are set aside under this ending, for whoever wants to rescue something from them. */
const setAside = '.corrupted';

/**
 * Content by CID. A small blob is bytes in its row; a larger one is the file `blobs/ab/cd/<cid>`, byte for byte what the user gave.
 *
 * Invariant: a row without bytes has its file, flushed, before the row is committed; a file without a row is rubbish and may be
 * removed. Both are upheld by doing rename + commit, and row removal + unlink, under one lock per CID.
 */
export function openBlobStore({ database, directory, reserve, now, log, flush = (file) => file.datasync() }: BlobStoreDeps) {
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
    await removeFile(pathOf(cid) + setAside);
  }

  async function removeUnlessKnown(name: string): Promise<boolean> {
    const known = await blobRows(database.read).filesAmong([cidOf(name)]);
    if (known.size > 0) return false;
    await removeFile(join(folderOf(cidOf(name)), name));
    return true;
  }

  async function digestsOf(file: FileHandle, signal: AbortSignal): Promise<Uint8Array> {
    const digests: Uint8Array[] = [];
    const source = file.createReadStream({ highWaterMark: leafSize, autoClose: false });
    const take = () => buffers.pop() ?? Buffer.allocUnsafeSlow(leafSize);
    for await (const chunk of chunksOf(source, { signal, take })) {
      digests.push(await leafDigest(chunk));
      if (chunk.length === leafSize && buffers.length < keptBuffers) buffers.push(chunk);
    }
    return Buffer.concat(digests);
  }

  /** Looks at the bytes of a blob: at every one of them with `rehash`, else at how many there are. */
  async function examine(
    { cid, size, content }: { cid: string; size: number; content: Uint8Array | null },
    { rehash, signal }: { rehash: boolean; signal: AbortSignal },
  ): Promise<Condition> {
    if (content) return isContent(content, cid) ? { state: 'intact' } : { state: 'damaged', problem: 'bytes', found: content.length };
    const file = await openIfThere(pathOf(cid));
    if (!file) return { state: 'damaged', problem: 'missing', found: 0 };
    try {
      const found = (await file.stat()).size;
      if (found !== size) return { state: 'damaged', problem: 'length', found };
      if (!rehash) return { state: 'intact' };
      return fileCid({ digests: await digestsOf(file, signal), size }) === cid
        ? { state: 'intact' }
        : { state: 'damaged', problem: 'bytes', found };
    } finally {
      await file.close();
    }
  }

  /** Reads every byte of a blob. Damaged ones are set aside, so that nobody is given them, and are noted and told. */
  async function verify(cid: string, signal: AbortSignal): Promise<Condition> {
    const row = await blobRows(database.read).get(cid);
    if (!row) return { state: 'gone' };
    const condition = await examine(row, { rehash: true, signal });
    if (condition.state === 'damaged') await withhold(row, condition.problem);
    return condition;
  }

  function withhold(row: StoredRow, problem: string): Promise<void> {
    const { cid } = row;
    return lock(cid, async () => {
      const present = await blobRows(database.read).get(cid);
      // Put in place anew meanwhile, or deleted.
      if (!present || present.verified_at !== row.verified_at) return;
      if (row.content === null && problem !== 'missing') {
        await rename(pathOf(cid), pathOf(cid) + setAside);
        await flushFolder(folderOf(cid));
      }
      if (await database.transaction((tx) => blobRows(tx).setDamaged(row, now())))
        log('drive.content_damaged', { cid, size: row.size, problem });
    });
  }

  /** A reader came upon damaged bytes: it is not kept waiting for the rest. */
  function refuse(cid: string): never {
    void track(verify(cid, new AbortController().signal)).catch((error: unknown) =>
      log('drive.verify_failed', { cid, message: String(error) }),
    );
    throw contentDamaged();
  }

  return {
    folder,
    reserve,

    /** Path of a file that may be made, and is removed at the next start if it is still there. */
    scratch: () => join(uploads, randomUUID()),

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

    /**
     * The bytes from `start`, `length` of them. The file is open when this answers, so a removal afterwards does not end the stream.
     * Errors: `content_damaged` when the bytes are known or seen to be wrong.
     */
    async read({ cid, size, start, length }: { cid: string; size: number; start: number; length: number }): Promise<Readable> {
      const row = size <= smallSize ? await blobRows(database.read).get(cid) : undefined;
      if (row?.content) {
        if (row.damaged_at !== null) throw contentDamaged();
        if (!isContent(row.content, cid)) refuse(cid);
        return Readable.from(length > 0 ? [row.content.subarray(start, start + length)] : [], { objectMode: false });
      }
      const file = await openIfThere(pathOf(cid));
      if (!file) refuse(cid);
      const found = (await file.stat()).size;
      if (found !== size) {
        await file.close();
        refuse(cid);
      }
      return file.createReadStream({ start, end: start + length - 1, highWaterMark: readSize });
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
            if (!file) return;
            await removeFile(pathOf(cid));
            await removeFile(pathOf(cid) + setAside);
          });
        }
        if (found.length === 0) return removed;
      }
    },

    /** Removes files that no row knows: of an upload that a crash ended between rename and commit, or of a collection between row and file. */
    async removeOrphans(signal: AbortSignal): Promise<number> {
      let removed = 0;
      for await (const names of filesByFolder(folder)) {
        if (signal.aborted) return removed;
        const known = await blobRows(database.read).filesAmong(names.map(cidOf));
        const unknown = names.filter((name) => !known.has(cidOf(name)));
        // A name that points at content without a row is for `freehold fsck` to mend; the bytes must still be there then.
        const named = await blobRows(database.read).namedAmong(unknown.map(cidOf));
        for (const name of unknown) if (!named.has(cidOf(name)) && (await lock(cidOf(name), () => removeUnlessKnown(name)))) removed += 1;
      }
      return removed;
    },

    examine,
    verify,

    /** What bytes on the disk are, though no row knows them; undefined when they are not what their name says. */
    async identify(cid: string, signal: AbortSignal): Promise<{ size: number; leaves: Uint8Array | null } | undefined> {
      const file = await openIfThere(pathOf(cid));
      if (!file) return undefined;
      try {
        const { size } = await file.stat();
        const digests = await digestsOf(file, signal);
        return fileCid({ digests, size }) === cid ? { size, leaves: size > leafSize ? digests : null } : undefined;
      } finally {
        await file.close();
      }
    },

    /** Files below the folder that no row names: `orphan` when it is content, `foreign` when it is not ours; and uploads that came to no end. */
    async *strays(signal: AbortSignal): AsyncGenerator<{ path: string; kind: 'orphan' | 'foreign' | 'upload'; size: number; age: number }> {
      const look = async (path: string, kind: 'orphan' | 'foreign' | 'upload') => {
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() ? [{ path, kind, size: found.size, age: Math.max(0, now() - found.ctimeMs) }] : [];
      };
      for (const name of await namesIn(uploads)) yield* await look(join(uploads, name), 'upload');
      for await (const { at, names } of folders(folder)) {
        signal.throwIfAborted();
        const ours = names.filter((name) => blobName.test(name) && folderOf(cidOf(name)) === at);
        const known = await blobRows(database.read).filesAmong(ours.map(cidOf));
        const named = await blobRows(database.read).namedAmong(ours.map(cidOf).filter((cid) => !known.has(cid)));
        for (const name of names) {
          if (!ours.includes(name)) yield* await look(join(at, name), 'foreign');
          else if (!known.has(cidOf(name)) && !named.has(cidOf(name))) yield* await look(join(at, name), 'orphan');
        }
      }
    },

    /** Removes a stray of the kinds `orphan` and `upload`, unless a row names it by now. */
    async removeStray(path: string): Promise<void> {
      const name = basename(path);
      if (blobName.test(name)) await lock(cidOf(name), () => removeUnlessKnown(name));
      else await removeFile(path);
    },
  };
}

const cidOf = (name: string) => (name.endsWith(setAside) ? name.slice(0, -setAside.length) : name);

/** Whether small content is what its CID says. */
const isContent = (content: Uint8Array, cid: string) =>
  fileCid({ digests: hash('sha256', content, 'buffer'), size: content.length }) === cid;

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw storageError(cause);
  }
}

const blobName = /^baf[a-z2-7]{56}(\.corrupted)?$/;

/** The names of the blobs on disk, folder by folder. What is not ours is left alone. */
async function* filesByFolder(folder: string): AsyncGenerator<string[]> {
  for await (const { names } of folders(folder)) yield names.filter((name) => blobName.test(name));
}

/** Everything below the folder of the blobs, which has two levels of folders. */
async function* folders(folder: string): AsyncGenerator<{ at: string; names: string[] }> {
  const level = /^[0-9a-f]{2}$/;
  const names = await namesIn(folder);
  yield { at: folder, names: names.filter((name) => !level.test(name)) };
  for (const first of names.filter((name) => level.test(name))) {
    const inside = await namesIn(join(folder, first));
    yield { at: join(folder, first), names: inside.filter((name) => !level.test(name)) };
    for (const second of inside.filter((name) => level.test(name)))
      yield { at: join(folder, first, second), names: await namesIn(join(folder, first, second)) };
  }
}

/** Nothing is in a folder that is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw storageError(cause);
  }
}

const isMissing = (cause: unknown) => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
