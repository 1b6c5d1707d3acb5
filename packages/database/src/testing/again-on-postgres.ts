import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { onPostgres } from './open-test-database.ts';
import { noPostgres } from './postgres.ts';

/** Runs test files of an area once more, with PostgreSQL in the place of every database they open. Paths and patterns relative to the folder. */
export async function againOnPostgres(folder: string, patterns: readonly string[]): Promise<void> {
  if (noPostgres) {
    test('on PostgreSQL', { skip: noPostgres }, () => {});
    return;
  }
  process.env[onPostgres] = '1';
  const files = (await Array.fromAsync(glob(patterns, { cwd: folder }))).sort();
  if (files.length === 0) throw new Error(`No test file in ${folder} matches ${patterns.join(', ')}`);
  await suite('on PostgreSQL', async () => {
    for (const file of files) await import(join(folder, file));
  });
}
