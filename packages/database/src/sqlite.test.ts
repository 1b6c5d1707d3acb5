import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { DatabaseError } from './error.ts';
import { migrate } from './migrate.ts';
import type { Migration } from './migration.ts';
import { sql } from './port.ts';
import { openSqlite } from './sqlite.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-database-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const open = () => openSqlite({ path: join(directory, `${files++}.db`) });

const notes: Migration = {
  id: 'notes',
  statements: (types) => [
    `CREATE TABLE note (id ${types.identity}, body TEXT NOT NULL UNIQUE, size ${types.integer} NOT NULL) ${types.strict}`,
  ],
};

test('a committed write is read back; a failed transaction leaves nothing, also inside a shared commit', async () => {
  const database = open();
  await migrate(database, [notes], Date.now);
  const add = (body: string) =>
    database.transaction(async (tx) => {
      await tx.run(sql`INSERT INTO note (body, size) VALUES (${body}, ${body.length})`);
      if (body === 'bad') throw new Error('refused');
      return body;
    });
  const results = await Promise.allSettled(['a', 'bad', 'b', 'a', 'c'].map(add));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  const rows = await database.read.all<{ body: string }>(sql`SELECT body FROM note ORDER BY body LIMIT 10`);
  assert.deepEqual(
    rows.map(({ body }) => body),
    ['a', 'b', 'c'],
  );
  await database.close();
});

test('readers never see an uncommitted row', async () => {
  const database = open();
  await migrate(database, [notes], Date.now);
  await database.transaction(async (tx) => {
    await tx.run(sql`INSERT INTO note (body, size) VALUES ('x', 1)`);
    assert.equal((await database.read.all(sql`SELECT id FROM note LIMIT 1`)).length, 0);
  });
  assert.equal((await database.read.all(sql`SELECT id FROM note LIMIT 1`)).length, 1);
  await database.close();
});

test('a nested statement is inlined with its parameters in order', () => {
  const inner = sql`b = ${2} AND c = ${'three'}`;
  const outer = sql`SELECT 1 WHERE a = ${1} AND ${inner} AND d = ${null}`;
  assert.equal(outer.text.join('?'), 'SELECT 1 WHERE a = ? AND b = ? AND c = ? AND d = ?');
  assert.deepEqual(outer.values, [1, 2, 'three', null]);
});

test('a database from a newer program is refused with a sentence, and not changed', async () => {
  verifies('foundation.database.newer');
  const database = open();
  await migrate(database, [notes, { id: 'later', statements: () => ['CREATE TABLE later (id INTEGER)'] }], Date.now);
  await assert.rejects(
    migrate(database, [notes], Date.now),
    (error: unknown) => error instanceof DatabaseError && error.code === 'database_newer' && /later/.test(error.message),
  );
  await assert.rejects(
    migrate(
      database,
      [
        { ...notes, statements: () => ['CREATE TABLE note (id INTEGER)'] },
        { id: 'later', statements: () => [] },
      ],
      Date.now,
    ),
    { code: 'database_changed' },
  );
  await database.close();
});
