import { randomBytes } from 'node:crypto';
import type { Database } from '@freehold/database';
import { blobFolder } from '../cid.ts';
import { removeFile } from '../disk.ts';
import { ContentGone, storageError } from '../error.ts';
import { blobRows } from '../store/blobs.ts';
import { objectRows } from '../store/objects.ts';
import type { Bucket } from './s3.ts';
import { amongContent, type Placed, type Shelf, type Stray } from './shelf.ts';

/** How often content is uploaded anew because it was collected between the upload and the commit. */
const attempts = 5;

/**
 * Large content as objects of a bucket that several nodes share.
 *
 * The promise (a committed row never names an object that is not there) holds between nodes that know nothing of each other,
 * may stop at any point and go on much later, because a key is used once and never again:
 *
 * 1. An upload gets a key of its own, `ab/cd/<cid>-<random>`, written down as loose before its first byte.
 * 2. The transaction that commits the row takes the key from the loose ones and names it in the row. When the key is not there
 *    any more or is leaving, the transaction fails, and the content is uploaded under another key.
 * 3. The transaction that removes a row makes its key a leaving one. Only leaving keys are deleted from the bucket, and the loose
 *    row goes after the object. A crash in between leaves a leaving key, and any node goes on with it.
 * 4. An upload that never came to an end is found by its loose key and made a leaving one, too. If its node was only slow, it fails
 *    at step 2.
 *
 * So a deletion, however late it arrives, meets a key that no row names and none ever will: what decides is the row lock of
 * one loose key in the database, never a clock or a lock of a process. Content that is there already is not uploaded: its row,
 * looked at before, must still be there in the transaction (`known`). A bucket is never listed, so nothing that is not ours is
 * ever deleted from it.
 */
export function openObjectShelf({
  database,
  bucket,
  now,
  abandonedAfter,
}: {
  database: Database;
  bucket: Bucket;
  now: () => number;
  /** Milliseconds after which an upload counts as abandoned. */
  abandonedAfter: number;
}): Shelf {
  /** Where content lies that was a file before it was copied to the bucket; no upload ever gets this key. */
  const plainKey = (cid: string) => [...blobFolder(cid), cid].join('/');
  const newKey = (cid: string) => `${plainKey(cid)}-${randomBytes(8).toString('hex')}`;

  async function keyOf(cid: string): Promise<string> {
    const row = await blobRows(database.read).object(cid);
    return row?.object ?? plainKey(cid);
  }

  /** Deletes an object for good, unless a row has taken its key. */
  async function discard(object: string): Promise<boolean> {
    if (!(await database.transaction((tx) => objectRows(tx).giveUpIfLoose(object), amongContent))) return false;
    await bucket.remove(object);
    await database.transaction((tx) => objectRows(tx).forget(object), amongContent);
    return true;
  }

  async function upload<Result>(
    staged: Omit<Placed, 'placing'> & { temporary: string },
    instead: string | null,
    commit: (placed: Placed) => Promise<Result>,
  ): Promise<Result> {
    const key = newKey(staged.cid);
    await database.transaction((tx) => objectRows(tx).announce(key, now()), amongContent);
    try {
      await bucket.put(key, { path: staged.temporary, size: staged.size }).catch(async (cause: unknown) => {
        // Taken for abandoned while it was under way: that it failed means nothing.
        throw (await objectRows(database.read).isLoose(key)) ? cause : new ContentGone();
      });
      const result = await commit({ ...staged, placing: { kind: 'object', key, instead } });
      // Somebody else had uploaded the same content meanwhile: theirs is named, ours is not needed. A failure here is left to the sweep.
      if (await objectRows(database.read).isLoose(key)) await discard(key).catch(() => {});
      return result;
    } catch (cause) {
      // Without its loose key the object would be forgotten, also when its last byte arrives only now. No row names it: the transaction failed.
      if (cause instanceof ContentGone) await database.transaction((tx) => objectRows(tx).giveUp(key, now()), amongContent).catch(() => {});
      await discard(key).catch(() => {});
      throw cause;
    }
  }

  async function finish(signal: AbortSignal): Promise<number> {
    let removed = 0;
    for (;;) {
      const found = await objectRows(database.read).leftovers(now() - abandonedAfter, 100);
      let progress = 0;
      for (const { object } of found) {
        if (signal.aborted) return removed;
        if (await discard(object)) progress += 1;
      }
      removed += progress;
      if (progress === 0) return removed;
    }
  }

  return {
    kind: 's3',
    place: bucket.place,
    prepare: () => bucket.check(),
    home: () => bucket.readText('home'),
    setHome: (home) => bucket.writeText('home', home),

    async publish(staged, commit) {
      try {
        for (let attempt = 1; ; attempt++) {
          try {
            const known = await blobRows(database.read).object(staged.cid);
            const sound = known?.damaged_at === null && (await bucket.size(known.object ?? plainKey(staged.cid))) === staged.size;
            if (sound) return await commit({ ...staged, placing: { kind: 'known' } });
            return await upload(staged, known ? (known.object ?? '') : null, commit);
          } catch (cause) {
            if (!(cause instanceof ContentGone) || attempt === attempts) throw storageError(cause);
          }
        }
      } finally {
        await removeFile(staged.temporary);
      }
    },

    async read({ cid, size, start, length }) {
      const row = await blobRows(database.read).object(cid);
      if (!row || row.damaged_at !== null) return undefined;
      const found = await bucket.read(row.object ?? plainKey(cid), { start, length });
      if (found?.size === size) return found.stream;
      found?.stream.destroy();
      return undefined;
    },

    async open(cid) {
      const key = await keyOf(cid);
      const size = await bucket.size(key);
      if (size === undefined) return undefined;
      return {
        size,
        async stream() {
          const found = await bucket.read(key, { start: 0, length: size });
          if (!found) throw storageError(new ContentGone());
          return found.stream;
        },
        close: async () => {},
      };
    },

    /** The mark is what readers heed; the next upload of the same content takes the place of the object. */
    async withhold(_, isStill, mark) {
      if (await isStill()) await mark();
    },

    async collect(cid, before) {
      const key = await database.transaction(async (tx) => {
        const removed = await blobRows(tx).remove(cid, before);
        if (!removed) return undefined;
        const object = removed.object ?? plainKey(cid);
        await objectRows(tx).giveUp(object, now());
        return object;
      }, amongContent);
      if (key !== undefined) await discard(key);
      return key !== undefined;
    },

    sweep: finish,
    finish,

    /** Keys that no row names are in the database, and are cleaned up from there; what else is in the bucket is nobody's business. */
    async *strays(): AsyncGenerator<Stray> {},
    removeOrphan: async () => {},
  };
}
