import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrations } from '../migrations/index.ts';
import { migrate } from './migrate.ts';
import { sql } from './port.ts';
import { openSqlite } from './sqlite.ts';

test('the step that numbers the entries keeps every one, in the order in which they were made, and queues their content', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-database-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const database = openSqlite({ path: join(directory, 'a.db') });
  t.after(() => database.close());
  const step = migrations.findIndex(({ id }) => id === '0007-search');
  await migrate(database, migrations.slice(0, step), Date.now);
  await database.transaction(async (tx) => {
    await tx.run(sql`INSERT INTO drive (id, account, root, used, seq, created_at) VALUES ('d', 'a', '00', 0, 0, 1)`);
    await tx.run(sql`INSERT INTO blob (cid, size, refs) VALUES ('c', 1, 2)`);
    for (const [id, parent, name, cid, trashed] of [
      ['02', '01', 'Zwei', 'c', null],
      ['00', null, '', null, null],
      ['01', '00', 'Eins', null, null],
      ['03', '01', 'Drei', 'c', 7],
    ] as const)
      await tx.run(sql`INSERT INTO entry (id, drive, parent, name, name_key, kind, size, cid, created_at, modified_at, trashed_at, target, attributes)
        VALUES (${id}, 'd', ${parent}, ${name}, ${name}, ${cid ? 'file' : 'folder'}, 0, ${cid}, 5, 6, ${trashed}, NULL, '{"a":1}')`);
  });
  const state = () =>
    database.read.all<{ id: string }>(
      sql`SELECT id, drive, parent, name, name_key, kind, size, cid, created_at, modified_at, trashed_at, target, attributes FROM entry ORDER BY id LIMIT 9`,
    );
  const before = await state();
  await migrate(database, migrations, Date.now);
  assert.deepEqual(await state(), before);
  const numbered = await database.read.all<{ id: string }>(sql`SELECT id FROM entry ORDER BY number LIMIT 9`);
  assert.deepEqual(
    numbered.map(({ id }) => id),
    ['00', '01', '02', '03'],
  );
  const queued = await database.read.all<{ id: string }>(
    sql`SELECT id FROM underived JOIN entry ON entry.number = underived.number ORDER BY id LIMIT 9`,
  );
  assert.deepEqual(
    queued.map(({ id }) => id),
    ['02', '03'],
  );
  await assert.rejects(
    database.transaction((tx) =>
      tx.run(sql`INSERT INTO entry (id, drive, parent, name, name_key, kind, size, created_at, modified_at)
        VALUES ('04', 'd', '00', 'Eins', 'Eins', 'folder', 0, 1, 1)`),
    ),
    /UNIQUE/,
    'names still collide',
  );
});
