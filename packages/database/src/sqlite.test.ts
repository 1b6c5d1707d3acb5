import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from './port.ts';
import { openSqlite } from './sqlite.ts';
import { databaseContract } from './testing/contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-database-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

databaseContract('SQLite', { open: async () => openSqlite({ path: join(directory, `${files++}.db`) }), skip: false });

test('a nested statement is inlined with its parameters in order', () => {
  const inner = sql`b = ${2} AND c = ${'three'}`;
  const outer = sql`SELECT 1 WHERE a = ${1} AND ${inner} AND d = ${null}`;
  assert.equal(outer.text.join('?'), 'SELECT 1 WHERE a = ? AND b = ? AND c = ? AND d = ?');
  assert.deepEqual(outer.values, [1, 2, 'three', null]);
});
