import { sql, type Sql, type Statement } from '@freehold/database';
import { foldName } from '../search/fold.ts';

export type EntryRow = {
  id: string;
  parent: string | null;
  name: string;
  name_key: string;
  kind: 'file' | 'folder';
  size: number;
  cid: string | null;
  media_type: string | null;
  created_at: number;
  modified_at: number;
  trashed_at: number | null;
  /** Of a shortcut: the entry it points at. */
  target: string | null;
  /** JSON object as text. */
  attributes: string | null;
};
export type Place = { parent: string; name: string; name_key: string };
export type Content = { cid: string; size: number; media_type: string | null };
/** An entry on the way up to the root. */
export type Step = { id: string; name: string; trashed_at: number | null };

export type Sort = 'name' | 'modified' | 'size' | 'type';
export type Order = {
  by: Sort;
  descending: boolean;
  /** The last entry of the page before: what it was ordered by, and its name's key. */
  after: { value: string | number; name_key: string } | undefined;
  limit: number;
  offset: number;
};

/** What an order compares. Folders have no type and come first. */
const orders = {
  modified: sql`modified_at`,
  size: sql`size`,
  type: sql`CASE WHEN kind = 'folder' THEN '' ELSE COALESCE(media_type, '-') END`,
};

/** How many ids one statement takes; always filled up to that, so that there is one statement to prepare. */
export const idsAtOnce = 32;

const columns = sql`id, parent, name, name_key, kind, size, cid, media_type, created_at, modified_at, trashed_at, target, attributes`;

/** A path is resolved in hops of so many names, each one statement: nesting is not endless in any database. */
const hop = 16;

/** The names of one drive. Every statement carries the drive, so an id of another drive is an id that does not exist. */
export const entryRows = (tx: Sql, drive: string) => {
  const rows = {
    get(id: string): Promise<EntryRow | undefined> {
      return tx.get(sql`SELECT ${columns} FROM entry WHERE drive = ${drive} AND id = ${id}`);
    },

    child(parent: string, key: string): Promise<EntryRow | undefined> {
      return tx.get(childOf(sql`${parent}`, key));
    },

    /** In the order of the names' keys, from behind `after`. */
    children(parent: string, { after, limit }: { after: string; limit: number }): Promise<EntryRow[]> {
      return tx.all(sql`SELECT ${columns} FROM entry
        WHERE drive = ${drive} AND parent = ${parent} AND name_key > ${after} AND trashed_at IS NULL ORDER BY name_key LIMIT ${limit}`);
    },

    /** A folder in an order of one's choice, from behind a place in it; the names decide between equals. Only `name` has an index. */
    sorted(parent: string, { by, descending, after, limit, offset }: Order): Promise<EntryRow[]> {
      const direction = descending ? sql`DESC` : sql`ASC`;
      const than = descending ? sql`<` : sql`>`;
      const value = typeof after?.value === 'number' ? sql`CAST(${after.value} AS BIGINT)` : sql`${after?.value ?? ''}`;
      const behind = !after
        ? sql``
        : by === 'name'
          ? sql`AND name_key ${than} ${after.name_key}`
          : sql`AND (${orders[by]}, name_key) ${than} (${value}, ${after.name_key})`;
      const order = by === 'name' ? sql`name_key ${direction}` : sql`${orders[by]} ${direction}, name_key ${direction}`;
      return tx.all(sql`SELECT ${columns} FROM entry WHERE drive = ${drive} AND parent = ${parent} AND trashed_at IS NULL ${behind}
        ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}`);
    },

    /** How many entries the folders hold directly, and their bytes. */
    async measure(folders: readonly string[]): Promise<{ entries: number; bytes: number }> {
      const row = await tx.get<{ entries: number; bytes: number }>(
        sql`SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM entry
          WHERE drive = ${drive} AND parent IN (${listOf(folders)}) AND trashed_at IS NULL`,
      );
      return { entries: row?.entries ?? 0, bytes: row?.bytes ?? 0 };
    },

    /** The ids of the folders directly in some folders, from behind an id on. */
    async foldersIn(folders: readonly string[], { after, limit }: { after: string; limit: number }): Promise<string[]> {
      const rows = await tx.all<{ id: string }>(sql`SELECT id FROM entry
        WHERE drive = ${drive} AND parent IN (${listOf(folders)}) AND trashed_at IS NULL AND kind = 'folder' AND id > ${after} ORDER BY id LIMIT ${limit}`);
      return rows.map(({ id }) => id);
    },

    async isEmpty(parent: string): Promise<boolean> {
      const row = await tx.get(sql`SELECT id FROM entry WHERE drive = ${drive} AND parent = ${parent} AND trashed_at IS NULL LIMIT 1`);
      return row === undefined;
    },

    /** What a path of keys below `from` names. */
    async resolve(from: string, keys: readonly string[]): Promise<EntryRow | undefined> {
      let found: EntryRow | undefined;
      for (let start = 0; start < keys.length; start += hop) {
        const names = keys.slice(start, start + hop);
        const last = names.pop() ?? '';
        let parent = sql`${found?.id ?? from}`;
        for (const name of names)
          parent = sql`(SELECT id FROM entry WHERE drive = ${drive} AND parent = ${parent} AND name_key = ${name} AND trashed_at IS NULL)`;
        found = await tx.get<EntryRow>(childOf(parent, last));
        if (!found) return undefined;
      }
      return found;
    },

    /** The entry itself and all folders above it, upwards. Ends early where a folder above was deleted, and after a while where a damaged tree goes round. */
    lineage(id: string): Promise<Step[]> {
      return tx.all(sql`WITH RECURSIVE above (id, parent, name, trashed_at, depth) AS (
          SELECT id, parent, name, trashed_at, 0 FROM entry WHERE drive = ${drive} AND id = ${id}
          UNION ALL
          SELECT entry.id, entry.parent, entry.name, entry.trashed_at, above.depth + 1
          FROM above JOIN entry ON entry.id = above.parent WHERE entry.drive = ${drive} AND above.depth < 10000
        ) SELECT id, name, trashed_at FROM above ORDER BY depth LIMIT 10001`);
    },

    async insert(entry: EntryRow): Promise<void> {
      await tx.run(sql`INSERT INTO entry (drive, folded, ${columns}) VALUES (${drive}, ${foldName(entry.name)}, ${entry.id}, ${entry.parent}, ${entry.name}, ${entry.name_key},
        ${entry.kind}, ${entry.size}, ${entry.cid}, ${entry.media_type}, ${entry.created_at}, ${entry.modified_at}, ${entry.trashed_at},
        ${entry.target}, ${entry.attributes})`);
    },

    /** New name, new folder, or out of the trash: one row, however much is below it. */
    async place(id: string, { parent, name, name_key }: Place): Promise<void> {
      await tx.run(sql`UPDATE entry SET parent = ${parent}, name = ${name}, name_key = ${name_key}, folded = ${foldName(name)}, trashed_at = NULL
        WHERE drive = ${drive} AND id = ${id}`);
    },

    /** The name alone, wherever it lies. */
    async setName(id: string, { name, name_key }: Omit<Place, 'parent'>): Promise<void> {
      await tx.run(sql`UPDATE entry SET name = ${name}, name_key = ${name_key} WHERE drive = ${drive} AND id = ${id}`);
    },

    async setContent(id: string, { cid, size, media_type }: Content, now: number): Promise<void> {
      await tx.run(sql`UPDATE entry SET cid = ${cid}, size = ${size}, media_type = ${media_type}, modified_at = ${now}
        WHERE drive = ${drive} AND id = ${id}`);
    },

    async setAttributes(id: string, attributes: string | null): Promise<void> {
      await tx.run(sql`UPDATE entry SET attributes = ${attributes} WHERE drive = ${drive} AND id = ${id}`);
    },

    async setModified(id: string, at: number): Promise<void> {
      await tx.run(sql`UPDATE entry SET modified_at = ${at} WHERE drive = ${drive} AND id = ${id}`);
    },

    async setTrashed(id: string, now: number): Promise<void> {
      await tx.run(sql`UPDATE entry SET trashed_at = ${now} WHERE drive = ${drive} AND id = ${id}`);
    },

    /** What was put into the trash up to and including a time and id, newest first. */
    trashed({ at, id, limit }: { at: number; id: string; limit: number }): Promise<EntryRow[]> {
      return tx.all(sql`SELECT ${columns} FROM entry
        WHERE drive = ${drive} AND trashed_at IS NOT NULL AND (trashed_at, id) < (${at}, ${id}) ORDER BY trashed_at DESC, id DESC LIMIT ${limit}`);
    },

    /** Files by media type, the largest sum of bytes first. */
    byType(limit: number): Promise<{ type: string; files: number; size: number }[]> {
      return tx.all(sql`SELECT COALESCE(media_type, 'application/octet-stream') AS type, COUNT(*) AS files, CAST(SUM(size) AS BIGINT) AS size
        FROM entry WHERE drive = ${drive} AND kind = 'file' GROUP BY COALESCE(media_type, 'application/octet-stream')
        ORDER BY 3 DESC, 1 LIMIT ${limit}`);
    },

    largest(limit: number): Promise<EntryRow[]> {
      return tx.all(sql`SELECT ${columns} FROM entry WHERE drive = ${drive} AND kind = 'file' ORDER BY size DESC, id LIMIT ${limit}`);
    },

    withContent(cid: string, limit: number): Promise<EntryRow[]> {
      return tx.all(sql`SELECT ${columns} FROM entry WHERE drive = ${drive} AND cid = ${cid} ORDER BY id LIMIT ${limit}`);
    },

    async countTrashed(): Promise<number> {
      const row = await tx.get<{ count: number }>(
        sql`SELECT COUNT(*) AS count FROM entry WHERE drive = ${drive} AND trashed_at IS NOT NULL`,
      );
      return row?.count ?? 0;
    },

    async remove(id: string): Promise<void> {
      await tx.run(sql`DELETE FROM entry WHERE drive = ${drive} AND id = ${id}`);
    },

    async doom(folder: string): Promise<void> {
      await tx.run(sql`INSERT INTO doomed (folder, drive) VALUES (${folder}, ${drive})`);
    },

    async undoom(folder: string): Promise<void> {
      await tx.run(sql`DELETE FROM doomed WHERE drive = ${drive} AND folder = ${folder}`);
    },

    doomed(): Promise<{ folder: string } | undefined> {
      return tx.get(sql`SELECT folder FROM doomed WHERE drive = ${drive} ORDER BY folder LIMIT 1`);
    },
  };
  return rows;

  function childOf(parent: Statement, key: string): Statement {
    return sql`SELECT ${columns} FROM entry WHERE drive = ${drive} AND parent = ${parent} AND name_key = ${key} AND trashed_at IS NULL`;
  }
};

export { columns as entryColumns };

/** At most `idsAtOnce` values, for IN. */
export function listOf(values: readonly string[]): Statement {
  const filled = Array.from({ length: idsAtOnce }, (_, index) => values[index] ?? '');
  return filled.slice(1).reduce<Statement>((list, value) => sql`${list}, ${value}`, sql`${filled[0] ?? ''}`);
}
