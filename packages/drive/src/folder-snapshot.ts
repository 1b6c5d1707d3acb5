import type { Account, Context } from './account.ts';
import { DriveError, notFound } from './error.ts';
import { listingOf } from './listing.ts';

/** One thing in a folder as it was; `path` is relative to that folder. */
export type SnapshotEntry = { path: string; id: string; modifiedAt: number } & (
  | { kind: 'folder' }
  | { kind: 'file'; cid: string; size: number; isShortcut: boolean }
);

/** A folder at one time, by which a program works on it and `applyChanges` sees what others changed meanwhile. */
export type FolderSnapshot = {
  folder: string;
  /** Folders before what they hold. */
  entries: readonly SnapshotEntry[];
  /** Bytes of a content that was in it, from `start`; also when the file has other content by now. Errors: `entry_not_found` for any other. */
  read: (cid: string, start: number, length: number) => Promise<Uint8Array>;
};

const page = 1000;

/** What is in a folder, with everything below. Errors: `too_many_entries` when it is more than `limit`. */
export async function takeSnapshot(
  account: Account,
  { blobs }: Pick<Context, 'blobs'>,
  { folder, limit }: { folder: string; limit: number },
): Promise<FolderSnapshot> {
  const { listTree } = listingOf(account);
  const entries: SnapshotEntry[] = [];
  const sizes = new Map<string, number>();
  for (let after: string | undefined; ;) {
    const { entries: some, next } = await listTree({ parent: folder, depth: Infinity, limit: page, ...(after !== undefined && { after }) });
    if (entries.length + some.length > limit)
      throw new DriveError(
        'too_many_entries',
        `A program can be given a folder with at most ${limit} files and folders in it, and this one has more. Give it a folder further down.`,
      );
    for (const { id, path = '', modifiedAt, kind, cid, size, target } of some) {
      if (cid !== undefined) sizes.set(cid, size);
      entries.push(
        kind === 'folder' || cid === undefined
          ? { path, id, modifiedAt, kind: 'folder' }
          : { path, id, modifiedAt, kind: 'file', cid, size, isShortcut: target !== undefined },
      );
    }
    if (next === undefined) break;
    after = next;
  }
  return {
    folder,
    entries,
    async read(cid, start, length) {
      const size = sizes.get(cid);
      if (size === undefined) throw notFound();
      const extent = Math.max(0, Math.min(length, size - start));
      if (extent === 0) return new Uint8Array(0);
      return Buffer.concat(await (await blobs.read({ cid, size, start, length: extent })).toArray());
    },
  };
}
