import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { migrations } from '../migrations/index.ts';
import { migrate } from './migrate.ts';
import type { Database } from './port.ts';
import { openSqlite } from './sqlite.ts';

export { DatabaseError } from './error.ts';
export { sql, type Database, type Sql, type SqlValue, type Statement } from './port.ts';

/** Opens the node's database file and brings it to the newest schema. Errors: `database_newer`, `database_changed`, `database_locked`. */
export async function openDatabase({ path, now = Date.now }: { path: string; now?: () => number }): Promise<Database> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // For the owner's eyes only; SQLite gives its other files the same rights.
  closeSync(openSync(path, 'a', 0o600));
  const database = openSqlite({ path });
  try {
    await migrate(database, migrations, now);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}
