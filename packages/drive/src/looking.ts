import type { Readable } from 'node:stream';
import type { Entry } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { cursorOf, parseCursor } from './cursor.ts';
import { toEntry } from './entry.ts';
import { DriveError, notFound } from './error.ts';
import { nameKey } from './file-name.ts';

/** Bytes of a file from `start` to `end`, both included, or its `last` bytes, as HTTP has them. */
export type Range = { start: number; end?: number | undefined } | { last: number };
export type Page = { entries: Entry[]; /** Hand back as `after` for what follows; absent on the last page. */ next?: string };
export type Content = {
  entry: Entry;
  /** The CID: equal content, equal tag. */
  etag: string;
  /** Bytes of the whole file. */
  size: number;
  /** Where the stream begins, and how many bytes it gives. */
  start: number;
  length: number;
  /** To be consumed or destroyed: it holds an open file. */
  stream: Readable;
};

const standardPage = 200;
const maximumPage = 1000;
export const pageSize = (limit = standardPage): number => Math.max(1, Math.min(maximumPage, Math.floor(limit)));

const newestFirst = { at: Number.MAX_SAFE_INTEGER, id: '' };

/** Everything that changes nothing. */
export const lookingAt = (account: Account, { blobs, settings }: Context) => ({
  /** Names the drive itself, for as long as it lives. */
  id: async (): Promise<string> => (await account.drive()).id,

  async root(): Promise<Entry> {
    const { root, tree } = await account.look();
    return toEntry(await tree.get(root), '/');
  },

  async entry(id: string): Promise<Entry> {
    const { tree } = await account.look();
    return toEntry(await tree.get(id));
  },

  /** The entry that a slash-separated path names, from the root; trash excluded. */
  async stat(path: string): Promise<Entry> {
    const { root, store, tree } = await account.look();
    const keys = path.split('/').filter(Boolean).map(nameKey);
    const row = keys.length === 0 ? await tree.get(root) : await store.entries.resolve(root, keys);
    if (!row) throw notFound();
    return toEntry(row, `/${keys.join('/')}`);
  },

  /** What a folder holds under a name; undefined when there is nothing. */
  async child(parent: string, name: string): Promise<Entry | undefined> {
    const { store, tree } = await account.look();
    await tree.get(parent);
    const row = await store.entries.child(parent, nameKey(name));
    return row && toEntry(row);
  },

  /** Slash-separated path from the root. For an entry in the trash, the path it had. */
  async path(id: string): Promise<string> {
    const { tree } = await account.look();
    const { name } = await tree.get(id);
    return (await tree.path(id)) ?? name;
  },

  /** A page of what was put into the trash, newest first, each with the path it had. */
  async listTrash({ after, limit }: { after?: string; limit?: number } = {}): Promise<Page> {
    const { store, tree } = await account.look();
    const size = pageSize(limit);
    const rows = await store.entries.trashed({ ...(after === undefined ? newestFirst : parseCursor(after)), limit: size + 1 });
    const entries = await Promise.all(rows.slice(0, size).map(async (row) => toEntry(row, await tree.path(row.id))));
    const last = rows.length > size ? rows[size - 1] : undefined;
    return { entries, ...(last && { next: cursorOf(last.trashed_at ?? 0, last.id) }) };
  },

  /** Streams a file or a range of it. Errors: `not_a_file`, `range_not_satisfiable` (with the size in its details). */
  async read(id: string, { range }: { range?: Range | undefined } = {}): Promise<Content> {
    const { tree } = await account.look();
    const row = await tree.get(id);
    if (row.cid === null) throw new DriveError('not_a_file', `"${row.name || 'The drive'}" is a folder. Choose a file in it.`);
    const { start, length } = extentOf(range, row.size);
    const stream = await blobs.read({ cid: row.cid, size: row.size, start, length });
    return { entry: toEntry(row), etag: row.cid, size: row.size, start, length, stream };
  },

  /** Bytes in use, with earlier versions and trash, and bytes allowed. */
  async usage(): Promise<{ used: number; quota: number }> {
    const { store } = await account.look();
    const row = await store.usage.read();
    return { used: row?.used ?? 0, quota: row?.quota ?? settings.quota };
  },
});

export function extentOf(range: Range | undefined, size: number): { start: number; length: number } {
  if (!range) return { start: 0, length: size };
  const start = 'last' in range ? Math.max(0, size - range.last) : range.start;
  const end = 'last' in range ? size - 1 : Math.min(range.end ?? size - 1, size - 1);
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start)
    throw new DriveError('range_not_satisfiable', `The file has ${size} bytes; the range asked for is not in it.`, { details: { size } });
  return { start, length: end - start + 1 };
}
