import type { Entry } from '@freehold/protocol';
import type { Account, Context, Writing } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError } from './error.ts';
import { checkFileName, nameKey } from './file-name.ts';
import { dropVersions } from './retention.ts';
import type { EntryRow } from './store/entries.ts';
import { nameTaken } from './tree.ts';
import type { OnConflict } from './writing.ts';

/** Entries removed in one transaction, so that other writers never wait long for a large deletion. */
const slice = 500;

export type RestoreOptions = {
  id: string;
  parent: string;
  /** The present name when not given. */
  name?: string | undefined;
  onConflict?: OnConflict | undefined;
  firstNumber?: number | undefined;
};

const notInTrash = (row: EntryRow) =>
  new DriveError('entry_not_in_trash', `"${row.name || 'The drive'}" is not in the trash itself. Restore the folder that was put there.`);

export function trashOf(account: Account, { now }: Context) {
  /** The rows go at once; what a folder holds is doomed and goes in slices. What lies in the trash by itself stays there. */
  async function erase({ store }: Writing, rows: readonly EntryRow[]) {
    const ids = rows.map(({ id }) => id);
    await store.shares.removeOf(ids);
    await store.properties.removeOf(ids);
    await store.links.removeOf(ids);
    for (const { id, cid } of rows) {
      await store.entries.remove(id);
      if (cid === null) await store.entries.doom(id);
      else await store.blobs.release(cid, now());
    }
    await store.usage.subtract(rows.reduce((sum, { size }) => sum + size, 0));
    const files = rows.filter(({ cid }) => cid !== null).map(({ id }) => id);
    for (let held = await store.versions.ofAll(files); held.length > 0; held = await store.versions.ofAll(files))
      await dropVersions(store, held, now());
  }

  /** Finishes deletions, also those that a stop of the node interrupted. */
  async function reap({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    let more = true;
    while (more) {
      signal?.throwIfAborted();
      more = await account.change(async (writing) => {
        const { entries } = writing.store;
        const doomed = await entries.doomed();
        if (!doomed) return false;
        const rows = await entries.children(doomed.folder, { after: '', limit: slice });
        await erase(writing, rows);
        if (rows.length < slice) await entries.undoom(doomed.folder);
        return true;
      });
    }
  }

  return {
    reap,

    /** Out of sight, with everything below; it keeps where it was. */
    trash(id: string): Promise<Entry> {
      return account.change(async ({ store, tree, record }) => {
        const row = await tree.movable(id);
        await store.entries.setTrashed(id, now());
        await record({ op: 'trashed', entry: id, parent: row.parent });
        return toEntry(await tree.get(id));
      });
    },

    /**
     * Out of the trash into a folder of the drive, under a name: also what lies inside a folder that was put there.
     * Errors: `entry_not_in_trash`, and those of a move.
     */
    restoreTo({ id, parent, name: wanted, onConflict = 'fail', firstNumber }: RestoreOptions): Promise<Entry> {
      return account.change(async ({ store, tree, record }) => {
        const row = await tree.get(id);
        if (row.parent === null || (await tree.isLive(id))) throw notInTrash(row);
        const name = wanted ?? row.name;
        checkFileName(name);
        const { above } = await tree.folder(parent);
        await tree.checkDepth(above.length);
        const taken = await store.entries.child(parent, nameKey(name));
        if (taken && onConflict === 'fail') throw nameTaken(name);
        if (taken && onConflict === 'replace') {
          await tree.removable(taken.id);
          await store.entries.setTrashed(taken.id, now());
          await record({ op: 'trashed', entry: taken.id, parent });
        }
        const free = taken && onConflict === 'rename' ? await tree.freeName(parent, name, row.kind, firstNumber) : name;
        await store.entries.place(id, { parent, name: free, name_key: nameKey(free) });
        await record({ op: 'restored', entry: id, parent });
        return toEntry(await tree.get(id));
      });
    },

    /** Back to where it was; to the root when that is gone; as "name (2)" when the name is taken. */
    restore(id: string): Promise<Entry> {
      return account.change(async ({ root, store, tree, record }) => {
        const row = await tree.get(id);
        if (row.trashed_at === null) throw notInTrash(row);
        const parent = row.parent !== null && (await tree.isLive(row.parent)) ? row.parent : root;
        const taken = await store.entries.child(parent, row.name_key);
        const name = taken ? await tree.freeName(parent, row.name, row.kind) : row.name;
        await store.entries.place(id, { parent, name, name_key: nameKey(name) });
        await record({ op: 'restored', entry: id, parent });
        return toEntry(await tree.get(id));
      });
    },

    /** For good, from the trash or from where it is, with everything below and all versions. */
    async deleteForever(id: string): Promise<void> {
      await account.change(async (writing) => {
        const row = await writing.tree.removable(id);
        await erase(writing, [row]);
        await writing.record({ op: 'deleted', entry: id, parent: row.parent });
      });
      await reap();
    },

    /** Deletes everything in a folder for good, and keeps the folder. */
    async emptyFolder(folder: string): Promise<void> {
      await (await account.look()).tree.folder(folder);
      for (let removed = slice; removed === slice;) {
        removed = await account.change(async (writing) => {
          const rows = await writing.store.entries.children(folder, { after: '', limit: slice });
          for (const row of rows) await writing.tree.removable(row.id);
          await erase(writing, rows);
          for (const row of rows) await writing.record({ op: 'deleted', entry: row.id, parent: folder });
          return rows.length;
        });
        await reap();
      }
    },

    /** Deletes what is in the trash when this is called, or was put there at or before `until`; answers how many things that were. */
    async emptyTrash({ until = now(), signal }: { until?: number; signal?: AbortSignal } = {}): Promise<number> {
      let count = 0;
      for (;;) {
        signal?.throwIfAborted();
        const removed = await account.change(async (writing) => {
          const rows = await writing.store.entries.trashed({ at: until + 1, id: '', limit: slice });
          await erase(writing, rows);
          for (const row of rows) {
            if (row.parent !== null) await writing.record({ op: 'deleted', entry: row.id, parent: row.parent });
          }
          return rows.length;
        });
        await reap({ signal });
        count += removed;
        if (removed < slice) return count;
      }
    },
  };
}
