import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { migrations } from '../migrations/index.ts';
import { migrate } from './migrate.ts';
import type { Database } from './port.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

export { DatabaseError } from './error.ts';
export { sql, type Database, type Sql, type SqlValue, type Statement, type TransactionOptions } from './port.ts';

export type DatabaseOptions = (
  | { path: string }
  /** Such as postgres://user:password@host/database; several nodes may share it. */
  | { url: string; warn?: (message: string) => void }
) & { now?: () => number };

/**
 * Opens the node's database, a SQLite file or a PostgreSQL database, and brings it to the newest schema.
 * Errors: `database_newer`, `database_changed`, `database_locked`, `database_failed`.
 */
export async function openDatabase({ now = Date.now, ...where }: DatabaseOptions): Promise<Database> {
  const database = 'url' in where ? await openPostgres(where) : openFile(where.path);
  try {
    await migrate(database, migrations, now);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

function openFile(path: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // For the owner's eyes only; SQLite gives its other files the same rights.
  closeSync(openSync(path, 'a', 0o600));
  return openSqlite({ path });
}
