import type { Entry, FileVersion } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { toEntry, toVersion } from './entry.ts';
import { DriveError } from './error.ts';
import { extentOf, pageSize, type Content, type Range } from './looking.ts';
import { replaceContent } from './replacing.ts';
import { dropVersions } from './retention.ts';
import { contentDamaged } from './damage.ts';
import type { Store } from './store.ts';
import type { VersionRow } from './store/versions.ts';

const noVersion = (number: number) =>
  new DriveError(
    'version_not_found',
    `This file has no earlier content ${number}. It may have been deleted, or have become too old; look at the list again.`,
  );

async function versionOf(store: Store, id: string, number: number): Promise<VersionRow> {
  const row = Number.isSafeInteger(number) ? await store.versions.get(id, number) : undefined;
  if (!row) throw noVersion(number);
  return row;
}

/** Earlier contents of files: to look at, to go back to, to keep under a name, to delete. */
export function versioning(account: Account, context: Context) {
  const { blobs, now } = context;
  return {
    /** Newest first; those with a number below `before` for what follows a full page. */
    async versions(
      id: string,
      { before = Number.MAX_SAFE_INTEGER, limit }: { before?: number | undefined; limit?: number | undefined } = {},
    ): Promise<FileVersion[]> {
      const { store, tree } = await account.look();
      await tree.get(id);
      return (await store.versions.list(id, { before, limit: pageSize(limit) })).map(toVersion);
    },

    async version(id: string, number: number): Promise<FileVersion> {
      const { store, tree } = await account.look();
      await tree.get(id);
      return toVersion(await versionOf(store, id, number));
    },

    /** Streams an earlier content or a range of it, also of a file in the trash. The entry is given with that content. */
    async readVersion(id: string, number: number, { range }: { range?: Range | undefined } = {}): Promise<Content> {
      const { store, tree } = await account.look();
      const row = await tree.get(id);
      const { cid, size, media_type, modified_at } = await versionOf(store, id, number);
      const { start, length } = extentOf(range, size);
      const stream = await blobs.read({ cid, size, start, length });
      return { entry: toEntry({ ...row, cid, size, media_type, modified_at }), etag: cid, size, start, length, stream };
    },

    /** Makes an earlier content the present one again. The present one becomes a version, and the earlier one stays in the list: nothing is lost. */
    restoreVersion(id: string, number: number): Promise<Entry> {
      return account.change(async (writing) => {
        const { store, tree } = writing;
        const row = await tree.movable(id);
        const { cid, size, media_type } = await versionOf(store, id, number);
        const retain = async () => {
          if ((await store.blobs.isDamaged(cid)) || !(await store.blobs.retainKnown(cid))) throw contentDamaged();
        };
        await replaceContent(writing, row, { cid, size, media_type }, { context, retain });
        return toEntry(await tree.get(id));
      });
    },

    /** For good. What it held counts towards the quota no more. */
    async deleteVersion(id: string, number: number): Promise<void> {
      await account.change(async ({ store, tree }) => {
        await tree.get(id);
        const { cid, size } = await versionOf(store, id, number);
        await dropVersions(store, [{ entry: id, number, cid, size }], now());
      });
    },

    /** A version with a name is kept however many come after it and however old it becomes; null takes the name away. */
    async nameVersion(id: string, number: number, name: string | null): Promise<FileVersion> {
      return account.change(async ({ store, tree }) => {
        await tree.get(id);
        const row = await versionOf(store, id, number);
        await store.versions.setName(id, number, name);
        return toVersion({ ...row, name });
      });
    },
  };
}
