import type { Entry } from '@freehold/protocol';
import type { Account } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError } from './error.ts';
import { pageSize, type Page } from './looking.ts';
import type { Store } from './store.ts';
import { idsAtOnce, type EntryRow, type Order, type Sort } from './store/entries.ts';
import type { Tree } from './tree.ts';

export type ListOptions = {
  parent: string;
  sort?: Sort | undefined;
  descending?: boolean | undefined;
  /** The `next` of the page before, in the same order. */
  after?: string | undefined;
  /** Entries to leave out at the beginning; cheap only while it is small. */
  offset?: number | undefined;
  limit?: number | undefined;
};
export type TreeOptions = {
  parent: string;
  /** 1 for what the folder holds itself. */
  depth: number;
  after?: string | undefined;
  limit?: number | undefined;
};

/** Rows read ahead of each folder on the way down a tree. */
const slice = 200;
/** A walk lets others in after so many statements. */
const pauseEvery = 64;

/** What folders hold: in order, in pages, with everything below, and how much it is. */
export function listingOf(account: Account) {
  async function folderIn(tree: Tree, id: string): Promise<EntryRow> {
    const folder = await tree.get(id);
    if (folder.kind !== 'folder') throw new DriveError('not_a_folder', `"${folder.name}" is a file and has nothing in it to list.`);
    return folder;
  }

  return {
    /** A page of a folder, by name (by Unicode code point, so that it is the same everywhere) when nothing else is asked for. */
    async list({ parent, sort = 'name', descending = false, after, offset = 0, limit }: ListOptions): Promise<Page> {
      const { store, tree } = await account.look();
      await folderIn(tree, parent);
      const size = pageSize(limit);
      const order: Order = { by: sort, descending, after: parseCursor(sort, after), limit: size + 1, offset };
      const rows = await store.entries.sorted(parent, order);
      const last = rows.length > size ? rows[size - 1] : undefined;
      return { entries: rows.slice(0, size).map((row) => toEntry(row)), ...(last && { next: cursorOf(sort, last) }) };
    },

    /** A page of everything below a folder, each folder before what it holds, with the path from that folder. */
    async listTree({ parent, depth, after, limit }: TreeOptions): Promise<Page> {
      const { store, tree } = await account.look();
      await folderIn(tree, parent);
      const size = pageSize(limit);
      const walk = walkDown(store, { parent, depth, after: parseWay(after) });
      const entries: Entry[] = [];
      let way: readonly string[] | undefined;
      for await (const found of walk) {
        if (entries.length === size) return { entries, ...(way && { next: toText(way) }) };
        entries.push(toEntry(found.row, found.path));
        way = found.way;
      }
      return { entries };
    },

    /** How many entries there are below a folder, so many levels down, and their bytes (without earlier versions and trash). */
    async measure(parent: string, { depth = Infinity }: { depth?: number } = {}): Promise<{ entries: number; bytes: number }> {
      const { store, tree } = await account.look();
      await tree.get(parent);
      const sum = { entries: 0, bytes: 0 };
      let statements = 0;
      let level = [parent];
      for (let down = 0; level.length > 0 && down < depth; down++) {
        const below: string[] = [];
        for (let start = 0; start < level.length; start += idsAtOnce) {
          const folders = level.slice(start, start + idsAtOnce);
          const { entries, bytes } = await store.entries.measure(folders);
          sum.entries += entries;
          sum.bytes += bytes;
          for (let page = await foldersBehind(store, folders, ''); page.length > 0;) {
            below.push(...page);
            page = page.length < slice ? [] : await foldersBehind(store, folders, page.at(-1) ?? '');
          }
          if (++statements % pauseEvery === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        level = below;
      }
      return sum;
    },

    /** How many things were put into the trash. */
    countTrash: async (): Promise<number> => (await account.look()).store.entries.countTrashed(),

    async isEmpty(folder: string): Promise<boolean> {
      const { store, tree } = await account.look();
      await folderIn(tree, folder);
      return store.entries.isEmpty(folder);
    },
  };
}

const foldersBehind = (store: Store, folders: readonly string[], after: string) =>
  store.entries.foldersIn(folders, { after, limit: slice });

/** A folder on the way down: what was read of it and not yet given, and from where to read on (undefined at its end). */
type Level = { folder: string; rows: EntryRow[]; from: string | undefined; path: string; way: readonly string[] };

/** Goes on behind `after`, a way of names' keys, also when what it names is gone. */
async function* walkDown(
  { entries }: Store,
  { parent, depth, after }: { parent: string; depth: number; after: readonly string[] },
): AsyncGenerator<{ row: EntryRow; path: string; way: readonly string[] }> {
  const levels: Level[] = [{ folder: parent, rows: [], from: '', path: '', way: [] }];
  for (const key of after) {
    const level = levels.at(-1);
    const row = level && (await entries.child(level.folder, key));
    if (level) level.from = key;
    if (!level || row?.kind !== 'folder' || levels.length >= depth) break;
    levels.push({ folder: row.id, rows: [], from: '', path: `${level.path}${row.name}/`, way: [...level.way, key] });
  }
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (level.rows.length === 0 && level.from !== undefined) {
      level.rows = await entries.children(level.folder, { after: level.from, limit: slice });
      level.from = level.rows.length === slice ? level.rows.at(-1)?.name_key : undefined;
      level.rows.reverse();
    }
    const row = level.rows.pop();
    if (!row) {
      levels.pop();
      continue;
    }
    const path = level.path + row.name;
    const way = [...level.way, row.name_key];
    yield { row, path, way };
    if (row.kind === 'folder' && levels.length < depth) levels.push({ folder: row.id, rows: [], from: '', path: `${path}/`, way });
  }
}

const toText = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function fromText(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw badCursor();
  }
}

const cursorOf = (sort: Sort, row: EntryRow): string => (sort === 'name' ? row.name_key : toText([valueOf(sort, row), row.name_key]));

const valueOf = (sort: Exclude<Sort, 'name'>, { kind, media_type, modified_at, size }: EntryRow): string | number =>
  sort === 'size' ? size : sort === 'modified' ? modified_at : kind === 'folder' ? '' : (media_type ?? '-');

function parseCursor(sort: Sort, after: string | undefined): Order['after'] {
  if (after === undefined || after === '') return undefined;
  if (sort === 'name') return { value: '', name_key: after };
  const parts = fromText(after);
  const [value, name_key]: unknown[] = Array.isArray(parts) ? parts : [];
  const isRight = sort === 'type' ? typeof value === 'string' : Number.isSafeInteger(value);
  if (!isRight || (typeof value !== 'string' && typeof value !== 'number') || typeof name_key !== 'string') throw badCursor();
  return { value, name_key };
}

function parseWay(after: string | undefined): string[] {
  if (after === undefined || after === '') return [];
  const keys = fromText(after);
  if (!Array.isArray(keys) || keys.length > 1000 || !keys.every((key) => typeof key === 'string')) throw badCursor();
  return keys;
}

const badCursor = () =>
  new DriveError('cursor_invalid', 'The place to go on from is not one that this node gave. Start from the first page.');
