import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { migrations } from '../migrations/index.ts';
import { openDatabase } from './index.ts';
import { migrate } from './migrate.ts';
import { sql, type Database } from './port.ts';
import { openPostgres } from './postgres.ts';
import { databaseContract } from './testing/contract.ts';
import { newPostgres, noPostgres } from './testing/postgres.ts';

databaseContract('PostgreSQL', { open: async () => openPostgres({ url: await newPostgres() }), skip: noPostgres });

/** Two nodes on one database, with one row that counts. */
async function twoNodes(t: { after: (work: () => Promise<void>) => void }): Promise<[Database, Database]> {
  const url = await newPostgres();
  const [one, two] = [await openPostgres({ url }), await openPostgres({ url })];
  t.after(async () => {
    await one.close();
    await two.close();
  });
  await migrate(
    one,
    [{ id: 'count', statements: ({ integer }) => [`CREATE TABLE count (name TEXT PRIMARY KEY, value ${integer} NOT NULL)`] }],
    Date.now,
  );
  await one.transaction((tx) => tx.run(sql`INSERT INTO count (name, value) VALUES ('a', 0), ('b', 0)`));
  return [one, two];
}

const valueOf = async (database: Database, name: string) =>
  (await database.read.get<{ value: number }>(sql`SELECT value FROM count WHERE name = ${name}`))?.value;

/** Reads and writes back, so that another one in between would be lost. */
const increment = (database: Database, name: string, within?: string) =>
  database.transaction(
    async (tx) => {
      const row = await tx.get<{ value: number }>(sql`SELECT value FROM count WHERE name = ${name}`);
      await tx.run(sql`UPDATE count SET value = ${(row?.value ?? 0) + 1} WHERE name = ${name}`);
    },
    { within },
  );

test('transactions of two nodes run one after another; with different keys at the same time', { skip: noPostgres }, async (t) => {
  const nodes = await twoNodes(t);
  await Promise.all(
    Array.from({ length: 30 }, () =>
      nodes.flatMap((node) => [increment(node, 'a', 'a'), increment(node, 'b'), increment(node, 'a')]),
    ).flat(),
  );
  assert.deepEqual([await valueOf(nodes[0], 'a'), await valueOf(nodes[1], 'b')], [120, 60]);

  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const [one, two] = nodes;
  await Promise.all([
    one.transaction(
      async (tx) => {
        await tx.get(sql`SELECT 1`);
        first.resolve();
        await second.promise;
      },
      { within: 'a' },
    ),
    two.transaction(
      async (tx) => {
        await first.promise;
        await tx.get(sql`SELECT 1`);
        second.resolve();
      },
      { within: 'b' },
    ),
  ]);
});

test('of two transactions that hold up each other one is done again', { skip: noPostgres }, async (t) => {
  const [one, two] = await twoNodes(t);
  let tries = 0;
  const both = (database: Database, names: [string, string]) =>
    database.transaction(
      async (tx) => {
        tries += 1;
        for (const name of names) {
          await tx.run(sql`UPDATE count SET value = value + 1 WHERE name = ${name}`);
          await wait(100);
        }
      },
      { within: names.join() },
    );
  await Promise.all([both(one, ['a', 'b']), both(two, ['b', 'a'])]);
  assert.deepEqual([await valueOf(one, 'a'), await valueOf(one, 'b'), tries], [2, 2, 3]);
});

test('an announcement reaches the other node; after a broken connection everything is looked at again', { skip: noPostgres }, async (t) => {
  const [one, two] = await twoNodes(t);
  const heard: (string | undefined)[] = [];
  two.onAnnounce((topic) => void heard.push(topic));
  const until = async (done: () => boolean) => {
    for (let turns = 0; !done(); turns++) {
      assert.ok(turns < 500, `heard only ${JSON.stringify(heard)}`);
      await wait(20);
    }
  };
  const topic = 'some "topic" \\ of {all}';
  await until(() => {
    one.announce(topic);
    return heard.includes(topic);
  });
  heard.length = 0;
  await one.read.all(
    sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
  );
  await until(() => heard.includes(undefined));
  await until(() => {
    one.announce('again');
    return heard.includes('again');
  });
  assert.equal(await two.transaction(async (tx) => tx.run(sql`UPDATE count SET value = 7 WHERE name = 'a'`)), 1);
});

test('a lost connection is a clean refusal, and the next transaction has another one', { skip: noPostgres }, async (t) => {
  const [one, two] = await twoNodes(t);
  const kill = sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`;
  const broken = one.transaction(async (tx) => {
    await tx.run(sql`UPDATE count SET value = 5 WHERE name = 'a'`);
    await two.read.all(kill);
    await tx.run(sql`UPDATE count SET value = 6 WHERE name = 'a'`);
  });
  await assert.rejects(broken, { code: 'database_failed', status: 503 });
  assert.equal(await valueOf(one, 'a'), 0);
  await increment(one, 'a');
  assert.equal(await valueOf(two, 'a'), 1);
  await one.check();
});

test('a statement that fails and is swallowed still fails the transaction', { skip: noPostgres }, async (t) => {
  const [one] = await twoNodes(t);
  const swallowed = one.transaction(async (tx) => {
    await tx.run(sql`UPDATE count SET value = 9 WHERE name = 'a'`);
    await tx.run(sql`INSERT INTO count (name, value) VALUES ('a', 1)`).catch(() => {});
  });
  await assert.rejects(swallowed, { code: 'database_failed' });
  assert.equal(await valueOf(one, 'a'), 0);
});

test('several nodes that start at once on an empty database all find it ready', { skip: noPostgres }, async () => {
  const url = await newPostgres();
  const nodes = await Promise.all([1, 2, 3].map(() => openDatabase({ url })));
  const row = await nodes[0]?.read.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM migration`);
  assert.equal(row?.count, migrations.length);
  await Promise.all(nodes.map((node) => node.close()));
});

test(
  'a server that is not there, a wrong password and a missing database are told apart, and nothing secret is said',
  { skip: noPostgres },
  async () => {
    const url = new URL(await newPostgres());
    const refused = async (change: Partial<Record<'port' | 'password' | 'pathname', string>>, message: RegExp) => {
      const error = await openDatabase({ url: Object.assign(new URL(url), change).href }).then(
        () => assert.fail('it must be refused'),
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.doesNotMatch(String(error.stack), /hunter2|postgres:password/);
    };
    await refused({ port: '9' }, /cannot be reached/);
    await refused({ password: 'hunter2' }, /refuses the user or the password/);
    await refused({ pathname: '/nothing' }, /no such database/);
  },
);
