import type { Sql } from '@freehold/database';
import type { Account, Context } from '../account.ts';
import { DriveError } from '../error.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { pageSize } from '../looking.ts';
import { overQuota } from '../stage.ts';
import { storeOf } from '../store.ts';
import type { EntryRow } from '../store/entries.ts';
import { publicationRows, snapshotRows, type PublicationKind, type PublicationRow } from '../store/publications.ts';
import { treeOf } from '../tree.ts';
import { openBlocks, type Blocks } from './blocks.ts';
import { takeBlocksOf } from './car-blocks.ts';
import { onlyLooking, recordInto, takeSnapshot, type Recorder, type Snapshot } from './snapshot.ts';

type Maker = (entry: EntryRow, recorder: Recorder) => Promise<Snapshot>;

export type Publication = {
  id: string;
  /** The entry it was made of, which may have changed or gone since. */
  entry: string;
  name: string;
  kind: PublicationKind;
  /** The CID under which anybody can fetch it. */
  root: string;
  /** Bytes of the content it keeps, equal content once. */
  size: number;
  files: number;
  createdAt: number;
};

/** Rows removed in one transaction when a publication is taken apart. */
const slice = 500;
/** After so long without a sign of life, an unfinished publication is rubbish of a crash. In milliseconds. */
const patience = 10 * 60_000;

/**
 * What one account publishes. A publication is a snapshot: it keeps its content while files change or go. What all publications of a drive
 * hold may be as much as its quota, counted apart from the files: publishing costs no room while the files are there, and deleting
 * published files frees none for ever.
 */
export function publishingOf(account: Account, context: Context, lock: KeyedLock) {
  const { database, now, newId, settings } = context;

  const quotaOf = async (tx: Sql, drive: string) => (await storeOf(tx, drive).usage.read())?.quota ?? settings.quota;

  /** A snapshot that nobody sees; `use` has it, and afterwards it is taken apart unless it went live. */
  async function withSnapshot<Result>(
    id: string,
    { kind, counts, make }: { kind?: 'car'; /** Towards what the drive may publish. */ counts: boolean; make: Maker },
    use: (made: { publication: string; drive: string; snapshot: Snapshot }) => Promise<Result>,
  ): Promise<Result> {
    const { id: drive, root } = await account.drive();
    const publication = newId();
    const { entry, limit } = await database.transaction(async (tx) => {
      const store = storeOf(tx, drive);
      const tree = treeOf(store, root, new Set());
      const row = await tree.get(id);
      await tree.wayUp(id);
      const rows = publicationRows(tx, drive);
      await rows.begin({ id: publication, entry: id, name: row.name, kind: kind ?? row.kind, now: now() });
      return { entry: row, limit: counts ? (await quotaOf(tx, drive)) - (await rows.held({ entry: id, except: publication })) : undefined };
    });
    const alive = setInterval(() => {
      void database.transaction((tx) => snapshotRows(tx).touch(publication, now())).catch(() => {});
    }, patience / 10).unref();
    try {
      const recorder = recordInto(context, publication, { drive, limit });
      const snapshot = await make(entry, recorder);
      await recorder.finish();
      return await use({ publication, drive, snapshot });
    } finally {
      clearInterval(alive);
      await dismantle(context, publication);
    }
  }

  /** Puts a new snapshot in the place of what was published of the entry before; keeps that when it is the same. */
  async function renew(id: string, options: { kind?: 'car'; make: Maker }): Promise<Publication> {
    const { root } = await account.drive();
    if (id === root) throw new DriveError('publish_refused', 'The whole drive cannot be published. Choose a folder or a file in it.');
    return lock(id, async () => {
      const retired: string[] = [];
      const result = await withSnapshot(id, { ...options, counts: true }, async ({ publication, drive, snapshot }) =>
        database.transaction(async (tx) => {
          const rows = publicationRows(tx, drive);
          const earlier = await rows.ofEntry(id);
          const same = earlier.find((one) => one.root === snapshot.root.toString() && (one.kind === 'car') === (options.kind === 'car'));
          for (const old of earlier) if (old !== same && (await rows.retire(old.id))) retired.push(old.id);
          if (same) return same;
          await rows.setLive(publication, snapshot.root.toString());
          // Others may have been made at the same time.
          if ((await rows.held({ entry: '', except: '' })) > (await quotaOf(tx, drive))) throw overQuota();
          return rows.get(publication);
        }),
      );
      for (const old of retired) await dismantle(context, old);
      if (!result) throw publicationNotFound();
      return toPublication(result);
    });
  }

  return {
    /**
     * Publishes a file or a folder as it is now; in place of what was published of it before. Names that begin with a dot are left out unless
     * `hidden`. Errors: `publish_refused`, `quota_exceeded`, `entry_in_trash`, the signal's reason.
     */
    publish: (id: string, { hidden = false, signal }: { hidden?: boolean | undefined; signal?: AbortSignal | undefined } = {}) =>
      renew(id, { make: (entry, recorder) => takeSnapshot(context, entry, recorder, { hidden, signal }) }),

    /** Publishes the blocks that a CAR file holds, as they are in it, instead of the file itself. Errors: also `car_invalid`. */
    publishCar: (id: string, { signal }: { signal?: AbortSignal | undefined } = {}) =>
      renew(id, { kind: 'car', make: (entry, recorder) => takeBlocksOf(context, entry, recorder, signal) }),

    /** Takes it back: from the moment this answers, nobody gets its content by CID, unless something else that is published holds it. */
    async unpublish(id: string): Promise<void> {
      const { id: drive } = await account.drive();
      if (!(await database.transaction((tx) => publicationRows(tx, drive).retire(id)))) throw publicationNotFound();
      await dismantle(context, id);
    },

    async publication(id: string): Promise<Publication> {
      const { id: drive } = await account.drive();
      const row = await publicationRows(database.read, drive).get(id);
      if (!row) throw publicationNotFound();
      return toPublication(row);
    },

    /** A page of what is published, oldest first. */
    async publications({ after = '', limit }: { after?: string | undefined; limit?: number | undefined } = {}): Promise<{
      publications: Publication[];
      next?: string;
    }> {
      const { id: drive } = await account.drive();
      const size = pageSize(limit);
      const rows = await publicationRows(database.read, drive).list({ after, limit: size + 1 });
      const next = rows.length > size ? rows[size - 1]?.id : undefined;
      return { publications: rows.slice(0, size).map(toPublication), ...(next !== undefined && { next }) };
    },

    /** What is published of an entry. */
    async publicationOf(entry: string): Promise<Publication | undefined> {
      const { id: drive } = await account.drive();
      const [row] = await publicationRows(database.read, drive).ofEntry(entry);
      return row && toPublication(row);
    },

    /** The CID that an entry has as it is now, without publishing it. Reads names and digests, never the content. */
    async rootOf(
      id: string,
      { hidden = false, signal }: { hidden?: boolean | undefined; signal?: AbortSignal | undefined } = {},
    ): Promise<Snapshot> {
      const { tree } = await account.look();
      const { id: drive } = await account.drive();
      return takeSnapshot(context, await tree.get(id), onlyLooking(context, drive), { hidden, signal });
    },

    /** Lends the blocks of an entry, which stay as they are meanwhile and are seen by nobody else. */
    lend<Result>(
      id: string,
      { hidden = true, signal }: { hidden?: boolean | undefined; signal?: AbortSignal | undefined },
      use: (lent: { root: Snapshot['root']; blocks: Blocks }) => Promise<Result>,
    ): Promise<Result> {
      const make: Maker = (entry, recorder) => takeSnapshot(context, entry, recorder, { hidden, signal });
      return withSnapshot(id, { counts: false, make }, ({ publication, snapshot }) =>
        use({ root: snapshot.root, blocks: openBlocks(context, publication) }),
      );
    },
  };
}

/** Removes the rows of a publication that is not live, in slices. */
async function dismantle({ database, now }: Context, id: string): Promise<void> {
  while (await database.transaction((tx) => snapshotRows(tx).dismantle(id, { slice, now: now() })));
}

/** Removes what crashes left of publications, and goes on with what was being taken apart. Safe beside other nodes on the same database. */
export async function tidyPublications(context: Context, signal: AbortSignal): Promise<{ publications: number }> {
  for (let publications = 0; ; publications++) {
    const [one] = await snapshotRows(context.database.read).abandoned(context.now() - patience, 1);
    if (!one || signal.aborted) return { publications };
    await dismantle(context, one.id);
  }
}

const publicationNotFound = () =>
  new DriveError('publication_not_found', 'You publish nothing under this id. It may have been taken back; refresh the list.');

const toPublication = ({ created_at, ...row }: PublicationRow): Publication => ({ ...row, createdAt: created_at });
