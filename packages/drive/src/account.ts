import { DatabaseError, type Database, type Sql } from '@freehold/database';
import type { BlobStore } from './blob-store.ts';
import type { Feed } from './feed.ts';
import { storeOf, type Store } from './store.ts';
import type { ChangeRow } from './store/changes.ts';
import { driveRows, type DriveRow } from './store/drives.ts';
import { treeOf, type Tree } from './tree.ts';

export type Settings = {
  /** Bytes for a drive that was given no quota of its own. */
  quota: number;
  /** Earlier contents kept of each file, of a drive that has no setting of its own; 0 for none. */
  keepVersions: number;
  /** Folders that every drive has in its root, and that stay there. */
  folders: readonly string[];
  /** Days for which they are kept; 0 for ever. */
  keepVersionDays: number;
  /** Days after which what is in the trash is deleted; 0 for never. */
  keepTrashDays: number;
  /** Changes kept of each drive for those who were away. */
  keepChanges: number;
};

/** What all drives of the node share. */
export type Context = {
  database: Database;
  blobs: BlobStore;
  feed: Feed;
  now: () => number;
  newId: () => string;
  log: (event: string, fields: Record<string, string | number | boolean | undefined>) => void;
  settings: Settings;
  /** Aborted when the node stops. */
  closing: AbortSignal;
};

export type Scene = { root: string; store: Store; tree: Tree };
export type Writing = Scene & { record: (change: Omit<ChangeRow, 'seq' | 'at' | 'origin'> & { origin?: string }) => Promise<void> };

/** The drive of one account, and the only two ways to its rows: a look, and a transaction that tells the feed after its commit. */
export type Account = {
  drive(): Promise<DriveRow>;
  look(): Promise<Scene>;
  change<Result>(work: (writing: Writing) => Promise<Result>): Promise<Result>;
};

export function openAccount({ database, feed, now, newId, settings }: Context, account: string): Account {
  let known: Promise<DriveRow> | undefined;

  /** Made at first use, together with its root and the folders that every drive has. */
  async function findOrCreate(): Promise<DriveRow> {
    const found = await driveRows(database.read).find(account);
    if (found && (await missingIn(database.read, found)).length === 0) return found;
    return database.transaction(async (tx) => {
      const row = (await driveRows(tx).find(account)) ?? (await create(tx));
      for (const name of await missingIn(tx, row)) await insertFolder(tx, row.id, { id: newId(), parent: row.root, name });
      return row;
    });
  }

  async function create(tx: Sql): Promise<DriveRow> {
    const row = { id: newId(), root: newId() };
    await driveRows(tx).create({ ...row, account, now: now() });
    await insertFolder(tx, row.id, { id: row.root, parent: null, name: '' });
    return row;
  }

  async function missingIn(tx: Sql, { id, root }: DriveRow): Promise<string[]> {
    const missing: string[] = [];
    for (const name of settings.folders) if (!(await storeOf(tx, id).entries.child(root, name))) missing.push(name);
    return missing;
  }

  const insertFolder = (tx: Sql, drive: string, place: { id: string; parent: string | null; name: string }) =>
    storeOf(tx, drive).entries.insert({
      ...place,
      name_key: place.name,
      kind: 'folder',
      size: 0,
      cid: null,
      media_type: null,
      created_at: now(),
      modified_at: now(),
      trashed_at: null,
      target: null,
      attributes: null,
    });

  const drive = () => {
    known ??= findOrCreate().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
  const fixed = new Set(settings.folders);
  const sceneOf = (store: Store, root: string): Scene => ({ root, store, tree: treeOf(store, root, fixed) });

  return {
    drive,
    async look() {
      const { id, root } = await drive();
      return sceneOf(storeOf(database.read, id), root);
    },
    async change(work) {
      const { id, root } = await drive();
      const attempt = () =>
        database.transaction(
          (tx) => {
            const store = storeOf(tx, id);
            return work({
              ...sceneOf(store, root),
              record: (change) => store.changes.record({ origin: null, ...change, at: now() }, settings.keepChanges),
            });
          },
          { within: id },
        );
      const result = await attempt().catch((error: unknown) => {
        if (!(error instanceof DatabaseError) || error.code !== 'database_full') throw error;
        // The database has made some room for this: what deletes must not fail because the disk is full.
        return attempt();
      });
      feed.wake(id);
      return result;
    },
  };
}
