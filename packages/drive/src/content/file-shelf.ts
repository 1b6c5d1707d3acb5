import { open, readFile, readdir, rename, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseError, type Database } from '@freehold/database';
import { blobFolder } from '../cid.ts';
import { flushFolder, makeFolder, removeFile } from '../disk.ts';
import { storageError } from '../error.ts';
import { keyedLock } from '../keyed-lock.ts';
import { blobRows } from '../store/blobs.ts';
import { amongContent, type Shelf, type Stray } from './shelf.ts';

/** Bytes that a download reads ahead. */
const readSize = 128 * 1024;

/** Damaged bytes are set aside under this ending, for whoever wants to rescue something from them. */
const setAside = '.corrupted';

/**
 * Large content as plain files: `ab/cd/<cid>`, byte for byte what the user gave.
 *
 * Invariant: a row without bytes has its file, flushed, before the row is committed; a file without a row is rubbish and may be
 * removed. Both are upheld by doing rename + commit, and row removal + unlink, under one lock per CID. The lock is this process's,
 * so the folder belongs to one node.
 */
export function openFileShelf({ database, folder, now }: { database: Database; folder: string; now: () => number }): Shelf {
  const lock = keyedLock();
  const made = new Set<string>();
  const homePath = join(dirname(folder), 'home');
  const folderOf = (cid: string) => join(folder, ...blobFolder(cid));
  const pathOf = (cid: string) => join(folderOf(cid), cid);

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

  return {
    kind: 'files',
    place: folder,
    prepare: () => makeFolder(folder),
    home: () => readFile(homePath, 'utf8').catch(() => undefined),
    async setHome(home) {
      await writeFile(homePath, home, { mode: 0o600, flush: true });
      await flushFolder(dirname(folder));
    },

    publish: (staged, commit) =>
      lock(staged.cid, async () => {
        try {
          await putInPlace(staged.temporary, staged.cid);
          return await commit({ ...staged, placing: { kind: 'row' } });
        } catch (cause) {
          await removeFile(staged.temporary).catch(() => {});
          // When nobody knows whether the commit was done, a row may still come to name the file: the next start looks again.
          const unknown = cause instanceof DatabaseError && cause.code === 'commit_unknown';
          if (!unknown) await removeUnlessKnown(staged.cid).catch(() => {});
          throw storageError(cause);
        }
      }),

    async read({ cid, size, start, length }) {
      const file = await openIfThere(pathOf(cid));
      if (!file) return undefined;
      if ((await file.stat()).size === size) return file.createReadStream({ start, end: start + length - 1, highWaterMark: readSize });
      await file.close();
      return undefined;
    },

    async open(cid) {
      const file = await openIfThere(pathOf(cid));
      if (!file) return undefined;
      const { size } = await file.stat();
      return {
        size,
        stream: async () => file.createReadStream({ highWaterMark: 4 * readSize, autoClose: false }),
        close: () => file.close(),
      };
    },

    withhold: ({ cid, exists }, isStill, mark) =>
      lock(cid, async () => {
        if (!(await isStill())) return;
        if (exists) {
          await rename(pathOf(cid), pathOf(cid) + setAside);
          await flushFolder(folderOf(cid));
        }
        await mark();
      }),

    collect: (cid, before) =>
      lock(cid, async () => {
        const removed = await database.transaction((tx) => blobRows(tx).remove(cid, before), amongContent);
        if (!removed) return false;
        await removeFile(pathOf(cid));
        await removeFile(pathOf(cid) + setAside);
        return true;
      }),

    /** Of an upload that a crash ended between rename and commit, or of a collection between row and file. */
    async sweep(signal) {
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

    finish: async () => 0,

    async *strays(signal) {
      async function look(path: string, kind: Stray['kind']): Promise<Stray[]> {
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() ? [{ path, kind, size: found.size, age: Math.max(0, now() - found.ctimeMs) }] : [];
      }
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

    async removeOrphan(path) {
      const name = basename(path);
      if (blobName.test(name)) await lock(cidOf(name), () => removeUnlessKnown(name));
    },
  };
}

const cidOf = (name: string) => (name.endsWith(setAside) ? name.slice(0, -setAside.length) : name);

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
