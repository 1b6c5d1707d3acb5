import { mkdirSync, writeFileSync } from 'node:fs';
import { open, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

type Names = { count: number; nameOf: (index: number) => string };
const statsAtOnce = 64;

/** The same tree as empty files on the disk itself. */
export function openFileYardstick({ directory, count, nameOf }: Names & { directory: string }) {
  let folder = join(directory, 'all');
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index++) writeFileSync(join(folder, nameOf(index)), '');

  return {
    stat: (name: string) => stat(join(folder, name)),

    /** Names with sizes and times, which is what a list of the drive gives. */
    async list(): Promise<void> {
      const names = await readdir(folder);
      let next = 0;
      const look = async () => {
        while (next < names.length) await stat(join(folder, names[next++] ?? ''));
      };
      await Promise.all(Array.from({ length: statsAtOnce }, look));
    },

    /** Durable: the folder that holds the name is flushed. */
    async rename(): Promise<void> {
      const target = join(directory, folder.endsWith('-renamed') ? 'all' : 'all-renamed');
      await rename(folder, target);
      folder = target;
      const above = await open(dirname(folder), 'r');
      await above.sync();
      await above.close();
    },
  };
}

/** A table with the columns that a list shows, asked with prepared statements and nothing around them. */
export function openTableYardstick({ path, count, nameOf }: Names & { path: string }) {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; BEGIN;
    CREATE TABLE item (id TEXT PRIMARY KEY, parent TEXT, name TEXT, kind TEXT, size INTEGER, cid TEXT, type TEXT, created INTEGER, modified INTEGER);
    CREATE UNIQUE INDEX item_name ON item (parent, name)`);
  const insert = database.prepare('INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const idOf = (index: number) => `item-${index}`;
  for (let index = 0; index < count; index++)
    insert.run(idOf(index), 'all', nameOf(index), 'file', index, `content-${index}`, 'text/plain', 0, 0);
  database.exec('COMMIT');
  const byId = database.prepare('SELECT * FROM item WHERE id = ?');
  const after = database.prepare('SELECT * FROM item WHERE parent = ? AND name > ? ORDER BY name LIMIT ?');

  return {
    lookUp: (index: number) => void byId.get(idOf(index)),
    page: (name: string, limit: number) => void after.all('all', name, limit),
    close: () => database.close(),
  };
}
