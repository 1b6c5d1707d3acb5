import { openDatabase, type Database } from '../index.ts';
import { newPostgres } from './postgres.ts';

/** Set in a test file that runs the tests of an area once more, on PostgreSQL; before it imports them. */
export const onPostgres = 'FREEHOLD_TEST_POSTGRES';

const urls = new Map<string, Promise<string>>();
let empty: Promise<string> | undefined;

/** With the newest schema: made once in a test file, and copied. */
async function makeEmpty(): Promise<string> {
  const url = await newPostgres();
  await (await openDatabase({ url })).close();
  return url;
}

/** The database that a test keeps at that path: a SQLite file, or a PostgreSQL database that stands for it; opened again, it is the same one. */
export async function openTestDatabase({ path }: { path: string }): Promise<Database> {
  if (process.env[onPostgres] !== '1') return openDatabase({ path });
  empty ??= makeEmpty();
  const url = urls.get(path) ?? empty.then(newPostgres);
  urls.set(path, url);
  return openDatabase({ url: await url });
}
