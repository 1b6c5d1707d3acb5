import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { DatabaseError } from '../error.ts';
import { migrate } from '../migrate.ts';
import type { Migration } from '../migration.ts';
import { sql, type Database } from '../port.ts';

const notes: Migration = {
  id: 'notes',
  statements: (types) => [
    `CREATE TABLE note (id ${types.identity}, body ${types.name} NOT NULL UNIQUE, size ${types.integer} NOT NULL, data ${types.bytes}) ${types.strict}`,
  ],
};

/** What every database behind the port does. `open` gives a new, empty one. */
export function databaseContract(name: string, { open, skip }: { open: () => Promise<Database>; skip: string | false }) {
  const promise = (what: string, work: (database: Database) => Promise<void>) =>
    void test(`${name}: ${what}`, { skip }, async () => {
      const database = await open();
      try {
        await migrate(database, [notes], Date.now);
        await work(database);
      } finally {
        await database.close();
      }
    });

  promise('a committed write is read back; a failed transaction leaves nothing, also inside a shared commit', async (database) => {
    verifies('drive.scale.contract');
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
  });

  promise('what need not wait for the disk is there all the same, alone and together with what must', async (database) => {
    const add = (body: string, isExpendable: boolean) =>
      database.transaction((tx) => tx.run(sql`INSERT INTO note (body, size) VALUES (${body}, 1)`), { isExpendable });
    await add('a', true);
    await Promise.all([add('b', true), add('c', false), add('d', true)]);
    await add('e', true);
    await add('f', false);
    const rows = await database.read.all<{ body: string }>(sql`SELECT body FROM note ORDER BY body LIMIT 10`);
    assert.equal(rows.map(({ body }) => body).join(''), 'abcdef');
    await assert.rejects(add('a', true));
  });

  promise('readers never see an uncommitted row', async (database) => {
    await database.transaction(async (tx) => {
      await tx.run(sql`INSERT INTO note (body, size) VALUES ('x', 1)`);
      assert.equal((await database.read.all(sql`SELECT id FROM note LIMIT 1`)).length, 0);
    });
    assert.equal((await database.read.all(sql`SELECT id FROM note LIMIT 1`)).length, 1);
  });

  promise('values come back as they went in: numbers to 2^53, bytes, text of any script, null', async (database) => {
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    const body = 'é \u{1f600} \u05d0 \\ \' " $1 ? %';
    const size = Number.MAX_SAFE_INTEGER;
    const row = await database.transaction(async (tx) => {
      const sizes = [size, -size];
      for (const each of sizes) await tx.run(sql`INSERT INTO note (body, size, data) VALUES (${`${body}${each}`}, ${each}, ${data})`);
      return tx.get<{ body: string; size: number; data: Uint8Array }>(sql`SELECT body, size, data FROM note WHERE size = ${size}`);
    });
    assert.equal(row?.body, `${body}${size}`);
    assert.equal(row.size, size);
    assert.ok(row.data instanceof Uint8Array && Buffer.from(row.data).equals(data));
    const sums = await database.read.get(sql`SELECT COUNT(*) AS count, CAST(SUM(size) AS BIGINT) AS sum, MAX(size) AS most FROM note`);
    assert.deepEqual({ ...sums }, { count: 2, sum: 0, most: size });
    assert.equal(await database.read.get(sql`SELECT id FROM note WHERE size = 5`), undefined);
    assert.equal(await database.transaction((tx) => tx.run(sql`UPDATE note SET data = ${null}`)), 2);
    assert.equal((await database.read.get<{ data: Uint8Array | null }>(sql`SELECT data FROM note LIMIT 1`))?.data, null);
  });

  promise('names sort by code point, and RETURNING, upserts and keyset pages work', async (database) => {
    const names = ['b', 'B', 'a', 'Z', 'ä', '_', '10', '9', '\u{1f600}', '\ufb01'];
    await database.transaction(async (tx) => {
      for (const body of names) await tx.run(sql`INSERT INTO note (body, size) VALUES (${body}, 1)`);
      const again = await tx.get<{ size: number }>(sql`INSERT INTO note (body, size) VALUES ('a', 5)
        ON CONFLICT (body) DO UPDATE SET size = note.size + excluded.size RETURNING size`);
      assert.equal(again?.size, 6);
    });
    const sorted: string[] = [];
    for (;;) {
      const [next] = await database.read.all<{ body: string }>(
        sql`SELECT body FROM note WHERE body > ${sorted.at(-1) ?? ''} ORDER BY body LIMIT 1`,
      );
      if (!next) break;
      sorted.push(next.body);
    }
    assert.deepEqual(
      sorted,
      names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  promise('transactions run one after another: what one reads and writes back is never overtaken', async (database) => {
    await database.transaction((tx) => tx.run(sql`INSERT INTO note (body, size) VALUES ('a', 0), ('b', 0)`));
    const count = (body: string, within?: string) =>
      database.transaction(
        async (tx) => {
          const row = await tx.get<{ size: number }>(sql`SELECT size FROM note WHERE body = ${body}`);
          await tx.get(sql`SELECT 1`);
          await tx.run(sql`UPDATE note SET size = ${(row?.size ?? 0) + 1} WHERE body = ${body}`);
        },
        { within },
      );
    await Promise.all(Array.from({ length: 40 }, (_, index) => [count('a', 'a'), count('b', 'b'), count(index % 2 ? 'a' : 'b')]).flat());
    const rows = await database.read.all<{ size: number }>(sql`SELECT size FROM note ORDER BY body LIMIT 2`);
    assert.deepEqual(
      rows.map(({ size }) => size),
      [60, 60],
    );
  });

  promise('an announcement is heard by who listens, until it ends that', async (database) => {
    const heard: string[] = [];
    const end = database.onAnnounce((topic) => topic !== undefined && heard.push(topic));
    database.announce('one');
    end();
    database.announce('two');
    assert.deepEqual(heard, ['one']);
  });

  promise('a text that cannot be stored is the fault of who sent it', async (database) => {
    const write = database.transaction((tx) => tx.run(sql`INSERT INTO note (body, size) VALUES (${'a\0b'}, 1)`));
    await write.catch((error: unknown) =>
      assert.ok(error instanceof DatabaseError && error.code === 'text_invalid' && error.status === 400),
    );
  });

  promise('a database from a newer program is refused with a sentence, and not changed', async (database) => {
    verifies('foundation.database.newer');
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
  });
}
