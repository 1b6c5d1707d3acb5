import { hash, randomUUID } from 'node:crypto';
import { readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '@freehold/database';
import { chunksOf, smallSize } from './chunks.ts';
import { fileCid, leafDigest, leafSize } from './cid.ts';
import { settleHome } from './content/home.ts';
import { amongContent, type Placed, type Shelf, type Stored, type Stray } from './content/shelf.ts';
import { contentDamaged } from './damage.ts';
import { makeFolder, removeFile, spaceAbove } from './disk.ts';
import { keptBuffers } from './leaf-writer.ts';
import { stage, type StageOptions, type Staged } from './stage.ts';
import { blobRows, type StoredRow } from './store/blobs.ts';

export type BlobStoreDeps = {
  database: Database;
  /** Where large content lives. */
  shelf: Shelf;
  /** Folder on a local disk for uploads under way; this node's alone. */
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

/** Content by CID. A small blob is bytes in its row; a larger one is on the shelf. */
export function openBlobStore({ database, shelf, directory, reserve, now, log, flush = (file) => file.datasync() }: BlobStoreDeps) {
  const uploads = join(directory, 'uploads');
  const buffers: Buffer<ArrayBuffer>[] = [];
  const busy = new Set<Promise<unknown>>();

  function track<Result>(work: Promise<Result>): Promise<Result> {
    busy.add(work);
    void Promise.allSettled([work]).then(() => busy.delete(work));
    return work;
  }

  async function removeRow(cid: string, before: number): Promise<boolean> {
    return (await database.transaction((tx) => blobRows(tx).remove(cid, before), amongContent)) !== undefined;
  }

  async function digestsOf(stored: Stored, signal: AbortSignal): Promise<Uint8Array> {
    const digests: Uint8Array[] = [];
    const take = () => buffers.pop() ?? Buffer.allocUnsafeSlow(leafSize);
    for await (const chunk of chunksOf(await stored.stream(), { signal, take })) {
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
    const stored = await shelf.open(cid);
    if (!stored) return { state: 'damaged', problem: 'missing', found: 0 };
    try {
      const found = stored.size;
      if (found !== size) return { state: 'damaged', problem: 'length', found };
      if (!rehash) return { state: 'intact' };
      return fileCid({ digests: await digestsOf(stored, signal), size }) === cid
        ? { state: 'intact' }
        : { state: 'damaged', problem: 'bytes', found };
    } finally {
      await stored.close();
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
    // Put in place anew meanwhile, or deleted.
    const isStill = async () => (await blobRows(database.read).get(cid))?.verified_at === row.verified_at;
    return shelf.withhold({ cid, exists: row.content === null && problem !== 'missing' }, isStill, async () => {
      if (await database.transaction((tx) => blobRows(tx).setDamaged(row, now()), amongContent))
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
    /** On the disk that uploads under way need. */
    folder: uploads,
    reserve,

    /** Path of a file that may be made, and is removed at the next start if it is still there. */
    scratch: () => join(uploads, randomUUID()),

    /** Makes the folders and removes what uploads left behind that a crash ended. Before anything else. Errors: `content_elsewhere`. */
    async prepare(): Promise<number> {
      await makeFolder(uploads);
      await shelf.prepare();
      await settleHome({ database, shelf });
      const left = await readdir(uploads);
      for (const name of left) await removeFile(join(uploads, name));
      return left.length;
    },

    stage: (options: Pick<StageOptions, 'content' | 'size' | 'limit' | 'signal'>): Promise<Staged> =>
      track(stage({ ...options, temporary: join(uploads, randomUUID()), folder: uploads, reserve, buffers, flush })),

    /**
     * Puts staged content in its place for good, then commits the rows that name it. If that fails, nothing stays.
     * `commit` retains what it is given, in one transaction; it is called again when the content had to be put in place anew.
     */
    publish<Result>(staged: Staged, commit: (placed: Placed) => Promise<Result>): Promise<Result> {
      const { temporary } = staged;
      if (temporary === undefined) return track(commit({ ...staged, placing: { kind: 'row' } }));
      return track(shelf.publish({ ...staged, temporary }, commit));
    },

    /** Forgets staged content that will not be published. */
    async discard({ temporary }: Staged): Promise<void> {
      if (temporary !== undefined) await removeFile(temporary).catch(() => {});
    },

    /** Lets `idle` wait for other work, too. */
    track,

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
      return (await shelf.read({ cid, size, start, length })) ?? refuse(cid);
    },

    /** Whether the disk has less free than it should. */
    isTight: async () => shelf.kind === 'files' && (await spaceAbove({ folder: uploads, reserve })) < 0,

    /** Removes blobs that nothing has pointed at since `before`, and finishes removals that were interrupted. */
    async collect({ before, signal }: { before: number; signal: AbortSignal }): Promise<number> {
      let removed = 0;
      for (;;) {
        const found = await blobRows(database.read).unreferenced(before, 100);
        let progress = 0;
        for (const { cid, file } of found) {
          if (signal.aborted) return removed;
          if (await (file ? shelf.collect(cid, before) : removeRow(cid, before))) progress += 1;
        }
        removed += progress;
        if (progress === 0) break;
      }
      await shelf.finish(signal);
      return removed;
    },

    /** Removes large content that no row knows, which a crash left behind. */
    removeOrphans: (signal: AbortSignal): Promise<number> => shelf.sweep(signal),

    examine,
    verify,

    /** What bytes on the disk are, though no row knows them; undefined when they are not what their name says. */
    async identify(cid: string, signal: AbortSignal): Promise<{ size: number; leaves: Uint8Array | null } | undefined> {
      const stored = await shelf.open(cid);
      if (!stored) return undefined;
      try {
        const { size } = stored;
        const digests = await digestsOf(stored, signal);
        return fileCid({ digests, size }) === cid ? { size, leaves: size > leafSize ? digests : null } : undefined;
      } finally {
        await stored.close();
      }
    },

    /** What is stored and no row names, and uploads that came to no end. */
    async *strays(signal: AbortSignal): AsyncGenerator<Stray | (Omit<Stray, 'kind'> & { kind: 'upload' })> {
      for (const name of await readdir(uploads).catch(() => [])) {
        const path = join(uploads, name);
        const found = await stat(path).catch(() => undefined);
        if (found?.isFile()) yield { path, kind: 'upload', size: found.size, age: Math.max(0, now() - found.ctimeMs) };
      }
      yield* shelf.strays(signal);
    },

    /** Removes a stray of the kinds `orphan` and `upload`, unless a row names it by now. */
    removeStray: (path: string): Promise<void> => (dirname(path) === uploads ? removeFile(path) : shelf.removeOrphan(path)),
  };
}

/** Whether small content is what its CID says. */
const isContent = (content: Uint8Array, cid: string) =>
  fileCid({ digests: hash('sha256', content, 'buffer'), size: content.length }) === cid;
