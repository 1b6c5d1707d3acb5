import { randomFillSync } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@freehold/database';
import { openAccount, type Account, type Context, type Settings } from './account.ts';
import { audit } from './fsck/audit.ts';
import type { Finding, Progress } from './fsck/finding.ts';
import { openBlobStore } from './blob-store.ts';
import { openFileShelf } from './content/file-shelf.ts';
import { openObjectShelf } from './content/object-shelf.ts';
import { openBucket, type BucketOptions } from './content/s3.ts';
import { openPartFiles } from './part-files.ts';
import { applyChanges, type FolderChange } from './apply-changes.ts';
import { copyEntry, type CopyOptions } from './copying.ts';
import { describing } from './describing.ts';
import { openDeriving } from './derive/deriving.ts';
import { openReader } from './derive/reader.ts';
import { thumbnailsOf } from './derive/thumbnails.ts';
import { DriveError } from './error.ts';
import { createFeed } from './feed.ts';
import { takeSnapshot, type FolderSnapshot } from './folder-snapshot.ts';
import { following } from './following.ts';
import { retaining } from './retention.ts';
import { scrub } from './scrub.ts';
import { tidy } from './tidy.ts';
import { startUpkeep } from './upkeep.ts';
import { versioning } from './versions.ts';
import { openBlocks } from './ipfs/blocks.ts';
import { importing } from './ipfs/car-import.ts';
import { ipnsOf, openIpns } from './ipfs/ipns.ts';
import { publishingOf, tidyPublications } from './ipfs/publishing.ts';
import { keyedLock } from './keyed-lock.ts';
import { entryId } from './entry-id.ts';
import { locksOf } from './locks.ts';
import { listingOf } from './listing.ts';
import { lookingAt } from './looking.ts';
import { reachOf, type Actor } from './reach.ts';
import { propertiesOf } from './properties.ts';
import { searchingIn } from './search/searching.ts';
import { prepareSearch } from './search/prepare.ts';
import { linksAs, openLinks } from './links.ts';
import { sharingAs } from './sharing.ts';
import { blobRows } from './store/blobs.ts';
import { driveRows } from './store/drives.ts';
import { ipnsRows } from './store/ipns-records.ts';
import { linkRows } from './store/links.ts';
import { publicationRows } from './store/publications.ts';
import { signingRows } from './store/signing.ts';
import { uploadIndex } from './store/uploads.ts';
import { statisticsOf } from './statistics.ts';
import { shareRows } from './store/shares.ts';
import { trashOf } from './trash.ts';
import { openSigning } from './signing.ts';
import { openUploads } from './uploads.ts';
import { writingTo } from './writing.ts';

const GiB = 1 << 30;
const hour = 3_600_000;
/** An upload to the bucket that began so long ago has died with its node. */
const abandoned = 24 * hour;
/** Every byte on the disk is read and hashed once in so many milliseconds. */
const scrubPeriod = 30 * 24 * hour;
/** On a disk that is nearly full, content that nothing names is kept for so many times less long. */
const hurry = 24;

export type DriveOptions = Partial<Settings> & {
  /** Bytes of the disk to keep free; the larger of 256 MiB and 2 % when not given. */
  reserve?: number;
  /** How long content that nothing names any more is kept, in milliseconds: longer than a backup may take. */
  grace?: number;
  /** How long nobody must write before the content of files is looked at in the background, in milliseconds. */
  quiet?: number;
};

export type DriveDeps = {
  database: Database;
  /** Folder for uploads under way and, without `bucket`, for the content; on one disk, used by this node alone. */
  directory: string;
  /** Keeps large content in an S3 bucket, which several nodes on one database may share. */
  bucket?: BucketOptions | undefined;
  log: Context['log'];
  now?: () => number;
  randomFill?: (bytes: Uint8Array) => void;
  /** Flushes an upload to the disk before anything names it. */
  flush?: (file: FileHandle) => Promise<void>;
  options?: DriveOptions;
};

export type Drive = ReturnType<typeof openDrive>;
export type DriveHandle = ReturnType<Drive['of']>;

/** The files of the node: one drive for each account, and below all of them one store of content. */
export function openDrive({
  database,
  directory,
  bucket,
  log,
  now = Date.now,
  randomFill = randomFillSync,
  flush,
  options = {},
}: DriveDeps) {
  const { quota = 100 * GiB, keepVersions = 20, keepVersionDays = 365, keepTrashDays = 30, keepChanges = 100_000 } = options;
  const { grace = 24 * hour, quiet = 1000, reserve, folders = [] } = options;
  const stopping = new AbortController();
  const shelf = bucket
    ? openObjectShelf({ database, bucket: openBucket(bucket), now, abandonedAfter: abandoned })
    : openFileShelf({ database, folder: join(directory, 'blobs'), now });
  const blobs = openBlobStore({ database, shelf, directory, reserve, now, log, ...(flush && { flush }) });
  const feed = createFeed(database);
  const context: Context = {
    database,
    blobs,
    feed: {
      ...feed,
      wake(drive) {
        feed.wake(drive);
        deriving.wake();
      },
    },
    now,
    newId: () => entryId({ now: now(), randomFill }),
    log,
    settings: { quota, keepVersions, keepVersionDays, keepTrashDays, keepChanges, folders },
    closing: stopping.signal,
  };
  const deriving = openDeriving({ context, reader: openReader({ log }), quiet });
  const pictures = openReader({ log });
  const publishing = keyedLock();
  const accounts = new Map<string, Account>();
  let upkeep: ReturnType<typeof startUpkeep> | undefined;
  let preparing: Promise<unknown> = Promise.resolve();

  function accountOf(name: string): Account {
    const account = accounts.get(name) ?? openAccount(context, name);
    accounts.set(name, account);
    return account;
  }

  const parts = openPartFiles({ directory, reserve, flush });
  const uploads = openUploads({ ...context, parts, accountOf });

  function handleOf(name: string) {
    const account = accountOf(name);
    const { reap: _, ...trash } = trashOf(account, context);
    const { putFile: _put, ...writing } = writingTo(account, context);
    const publications = publishingOf(account, context, publishing);
    return {
      ...lookingAt(account, context),
      ...listingOf(account),
      ...writing,
      ...versioning(account, context),
      ...retaining(account, context),
      ...describing(account, context),
      ...statisticsOf(account),
      ...trash,
      ...following(account, context),
      properties: propertiesOf(account),
      locks: locksOf(account, context),
      ...searchingIn(account, context),
      ...thumbnailsOf(account, context, { deriving, pictures }),
      /** A folder as it is now, for a program that works on it. Errors: `too_many_entries`. */
      snapshot: (options: { folder: string; limit: number }) => takeSnapshot(account, context, options),
      /** What a program made of it, in one transaction. Errors: `changed_meanwhile`, those of a write. */
      apply: (options: { snapshot: FolderSnapshot; changes: readonly FolderChange[]; signal?: AbortSignal }) =>
        applyChanges(account, context, options),
      copy: (options: CopyOptions) => copyEntry(context, { from: account, to: account }, options),
      ipfs: {
        ...publications,
        ...importing(account, context, { ...writing, ...trash, ...publications }),
        ...ipnsOf(account, context),
      },
    };
  }

  /** On a disk that is nearly full, whoever deletes wants the room soon. */
  async function collect(): Promise<number> {
    const wait = (await blobs.isTight()) ? grace / hurry : grace;
    return blobs.collect({ before: now() - wait, signal: stopping.signal });
  }

  async function sweep(): Promise<{ orphans: number; collected: number }> {
    await tidyPublications(context, stopping.signal);
    const orphans = await blobs.removeOrphans(stopping.signal);
    return { orphans, collected: await collect() };
  }

  async function finishDeletions() {
    for (const { account } of await driveRows(database.read).withDoomed(10_000)) await trashOf(accountOf(account), context).reap();
  }

  return {
    /** Cleans up after a crash and begins the upkeep. To be awaited before the first use; the walk through the disk goes on behind it. */
    async start(): Promise<void> {
      const broken = await blobs.prepare();
      await parts.prepare();
      if (broken > 0) log('drive.uploads_removed', { broken });
      await finishDeletions();
      let isFirst = true;
      const { signal } = stopping;
      upkeep = startUpkeep({
        interval: hour,
        signal,
        log,
        passes: [
          {
            name: 'swept',
            run: async () => {
              const orphans = isFirst ? await blobs.removeOrphans(signal) : 0;
              isFirst = false;
              return { orphans, collected: await collect() };
            },
          },
          { name: 'uploads_given_up', run: () => uploads.sweep(signal) },
          { name: 'tidied', run: () => tidy(context, accountOf, { signal }) },
          { name: 'unpublished', run: () => tidyPublications(context, signal) },
          { name: 'scrubbed', run: () => scrub(context, { share: hour / scrubPeriod, signal }) },
        ],
      });
      preparing = prepareSearch({ database, log, signal }).catch((error: unknown) =>
        log('drive.search_failed', { message: String(error) }),
      );
      deriving.start();
    },

    /** Ends uploads, subscriptions and the upkeep. */
    async stop(): Promise<void> {
      stopping.abort(new DriveError('drive_stopping', 'The node is stopping. Try again in a moment.'));
      await upkeep?.stop();
      await preparing;
      await deriving.stop();
      await pictures.stop();
      await blobs.idle();
      context.feed.end();
    },

    /** The drive of an account, made at its first use. The handle reaches nothing else. */
    of: handleOf,

    /** Files that arrive in parts. */
    uploads,

    /** Links that carry their own proof. */
    signing: openSigning({ database, now, randomFill }),
    /** Whether an account has a drive yet, without making one. */
    has: async (name: string): Promise<boolean> => (await driveRows(database.read).find(name)) !== undefined,

    /** Names of the folders that every drive has in its root. */
    folders,

    /** What somebody reaches, in its own drive and in what others shared, and what it may do there. */
    as(actor: Actor) {
      const reach = reachOf(actor, { database, accountOf, handleOf });
      const driveOf = async (owner: string) => (await accountOf(owner).drive()).id;
      const giver = { account: actor.account, isInPerson: !actor.delegate, find: reach.find, driveOf };
      return { ...reach, ...sharingAs(giver, context), ...linksAs(giver, context) };
    },

    /** What a visitor reads who has the address of a public link. */
    openLink: openLinks({ database, now, accountOf, handleOf }),

    /**
     * Ends all that reaches out of the drive of an account or into the drives of others, when it leaves the node: shares both ways,
     * links, what it publishes, names, uploads under way. Its files stay. Rows of what was published go with the upkeep.
     */
    withdraw: (account: string): Promise<void> =>
      database.transaction(async (tx) => {
        await shareRows(tx).removeHeldBy(account);
        await uploadIndex(tx).endOf(account);
        await signingRows(tx).endGeneration(account);
        const drive = await driveRows(tx).find(account);
        if (!drive) return;
        await shareRows(tx).removeGivenIn(drive.id);
        await linkRows(tx).removeIn(drive.id);
        await ipnsRows(tx).removeIn(drive.id);
        await publicationRows(tx, drive.id).retireAll();
      }),

    /** Copies an entry from one drive into another; the caller has checked that this is allowed. Errors as for `copy` of a handle. */
    copyAcross: ({ from, to, ...options }: CopyOptions & { from: string; to: string }) =>
      copyEntry(context, { from: accountOf(from), to: accountOf(to) }, options),

    /** What anybody may have: the published blocks, and the signed records of names. Nothing else is found by a CID. */
    published: { blocks: openBlocks(context), ...openIpns(context) },

    /** Bytes for one account; null for the standard. What is stored already stays. */
    async setQuota(account: string, bytes: number | null): Promise<void> {
      await accountOf(account).drive();
      await database.transaction((tx) => driveRows(tx).setQuota(account, bytes));
    },

    /** Of the whole node: `used` as the accounts see it, `stored` on disk, where equal content is kept once. In bytes. */
    async usage(): Promise<{ drives: number; used: number; blobs: number; stored: number }> {
      const drives = await driveRows(database.read).totals();
      const stored = await blobRows(database.read).totals();
      return { drives: drives.count, used: drives.bytes, blobs: stored.count, stored: stored.bytes };
    },

    /** Removes files that no row names and content that nothing has named for the grace period. Runs by itself at every start. */
    sweep,

    /** Deletes what the drives keep no longer: old trash, and earlier contents that are too old or too many. Runs by itself every hour. */
    tidy: () => tidy(context, accountOf, { signal: stopping.signal }),

    /** Reads and hashes the next `share` (0 to 1) of all content, without resting. Runs by itself: each blob has its turn within 30 days. */
    scrub: ({ share = 1, signal = stopping.signal }: { share?: number; signal?: AbortSignal } = {}) =>
      scrub(context, { share, signal, tranquil: false }),

    /** Whether the place of large content answers. Errors: `storage_failed`. */
    checkStorage: (): Promise<void> => shelf.prepare(),

    /** Content known to be damaged that files or versions still name. */
    damage: () => blobRows(database.read).damaged(1000),

    /**
     * Compares everything that is written down twice, and the books with the disk; a finding for each difference. With `rehash` it reads
     * every byte, with `repair` it repairs what needs no decision of a person.
     */
    audit: ({ rehash = false, repair = false, stopped = false, signal = stopping.signal, onProgress }: AuditRequest = {}): Promise<
      Finding[]
    > => audit({ context, accountOf, grace: stopped ? 0 : grace, rehash, repair, signal, onProgress }),
  };
}

export type AuditRequest = {
  rehash?: boolean;
  repair?: boolean;
  /** Says that the node does not run: no upload is under way, so every file without a name is a leftover. */
  stopped?: boolean;
  signal?: AbortSignal;
  onProgress?: ((progress: Progress) => void) | undefined;
};
