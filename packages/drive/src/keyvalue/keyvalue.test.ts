import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sql } from '@freehold/database';
import { openTestDatabase } from '../../../database/src/testing/open-test-database.ts';
import { verifies } from '../../../../requirements/verifies.ts';
import type { Json } from './json.ts';
import { openKeyValue } from './keyvalue.ts';

const app = 'app-00000000-0000-5000-8000-000000000001';

async function open(context: TestContext, { limit }: { limit?: number } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-keyvalue-'));
  const database = await openTestDatabase({ path: join(directory, 'node.db') });
  context.after(async () => {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const clock = { now: 1_800_000_000_000 };
  const store = openKeyValue({ database, log: () => {}, now: () => clock.now, ...(limit !== undefined && { limit }) });
  /** What the books say, and what the entries really weigh. */
  async function usage(account = 'anna') {
    const counted = await database.read.get<{ bytes: number }>(
      sql`SELECT COALESCE(SUM(bytes), 0) AS bytes FROM keyvalue WHERE account = ${account}`,
    );
    const { used } = await store.usage(account);
    assert.equal(used, counted?.bytes, 'the books agree with the entries');
    return used;
  }
  return { store, clock, database, usage, kv: store.of({ account: 'anna', app }) };
}

test('every kind of value comes back as it was stored; one that is not there is null', async (context) => {
  verifies('drive.keyvalue.methods');
  const { kv } = await open(context);
  const values: Json[] = [
    null,
    true,
    0,
    -1.5,
    1e300,
    '',
    'ä😀\0\u2028',
    [],
    {},
    [1, [2]],
    { 'a.b': { c: [null] }, '': 1, constructor: 'x' },
  ];
  for (const [index, value] of values.entries()) {
    await kv.set({ key: `k${index}`, value });
    assert.deepEqual(await kv.get(`k${index}`), value);
  }
  assert.equal(await kv.get('missing'), null);
  await kv.set({ key: 7, value: 'seven' });
  assert.equal(await kv.get('7'), 'seven', 'a number as a key is its text');
  await kv.setMany([{ key: 'x', value: 1 }, { key: 'y' }]);
  assert.deepEqual(await kv.getMany(['x', 'nothing', 'y', 'x']), [1, null, null, 1]);
  await kv.delete('x');
  await kv.delete('x');
  assert.equal(await kv.get('x'), null);
});

test('accounts and apps have namespaces of their own', async (context) => {
  verifies('drive.keyvalue.isolation');
  const { store, kv } = await open(context);
  const others = [
    store.of({ account: 'bert', app }),
    store.of({ account: 'anna', app: app.replace('0001', '0002') }),
    store.of({ account: 'anna' }),
  ];
  await kv.set({ key: 'k', value: 'mine' });
  for (const other of others) {
    assert.equal(await other.get('k'), null);
    assert.deepEqual(await other.listAll({ as: 'keys' }), []);
    await other.set({ key: 'k', value: 'theirs' });
    await other.flush();
  }
  assert.equal(await kv.get('k'), 'mine');
});

test('a private entry does not exist for another app', async (context) => {
  verifies('drive.keyvalue.isolation');
  const { store, kv } = await open(context);
  const foreign = store.of({ account: 'anna', app, foreign: true });
  await kv.set({ key: 'secret', value: 1 }, { isPrivate: true });
  await kv.set({ key: 'shared', value: 2 });
  assert.deepEqual(await foreign.getMany(['secret', 'shared']), [null, 2]);
  assert.deepEqual(await foreign.list({ as: 'entries', includeTotal: true }), { items: [{ key: 'shared', value: 2 }], total: 1 });
  const refused = { code: 'key_private', status: 403 };
  for (const touch of [
    () => foreign.set({ key: 'secret', value: 0 }),
    () => foreign.increase('secret', { '': 1 }),
    () => foreign.update('secret', { a: 1 }),
    () => foreign.remove('secret', ['a']),
    () => foreign.expire('secret', 1),
    () => foreign.delete('secret'),
    () => foreign.flush(),
    () => foreign.set({ key: 'new', value: 0 }, { isPrivate: true }),
  ])
    await assert.rejects(touch(), refused);
  assert.equal(await kv.get('secret'), 1);
  await kv.increase('secret', { '': 1 });
  assert.equal(await foreign.get('secret'), null, 'a change keeps it private');
  await kv.set({ key: 'secret', value: 3 });
  assert.equal(await foreign.get('secret'), 3, 'written anew without the flag it is not');
});

test('of 300 increases at once none is lost', async (context) => {
  verifies('drive.keyvalue.atomic');
  const { kv } = await open(context);
  const results = await Promise.all(Array.from({ length: 300 }, () => kv.increase('n', { '': 1 })));
  assert.deepEqual(new Set(results), new Set(Array.from({ length: 300 }, (_, index) => index + 1)));
  await Promise.all(Array.from({ length: 100 }, (_, index) => kv.add('list', { '': index })));
  const list = await kv.get('list');
  assert.ok(Array.isArray(list));
  assert.equal(new Set(list).size, 100);
  await Promise.all(Array.from({ length: 50 }, (_, index) => kv.update('object', { [`p.k${index}`]: index })));
  assert.equal(Object.keys((await kv.get('object')) ?? {}).length, 1);
});

test('parts of a value are counted up, added, set and taken out by their paths', async (context) => {
  verifies('drive.keyvalue.methods');
  const { kv } = await open(context);
  assert.equal(await kv.increase('n', { '': 5 }), 5);
  assert.equal(await kv.increase('n', { '': 2 }, -1), 3);
  assert.deepEqual(await kv.increase('o', { 'a.b': 1, c: 2 }), { a: { b: 1 }, c: 2 });
  assert.deepEqual(await kv.update('o', { 'a.list': [{ x: 1 }], 'a.b': 'text' }), { a: { b: 'text', list: [{ x: 1 }] }, c: 2 });
  assert.deepEqual(await kv.update('o', { 'a.list[0].x': 2, 'a.list.1': 3 }), { a: { b: 'text', list: [{ x: 2 }, 3] }, c: 2 });
  assert.deepEqual(await kv.add('o', { 'a.list': [4, 5], d: 6 }), { a: { b: 'text', list: [{ x: 2 }, 3, 4, 5] }, c: 2, d: [6] });
  assert.deepEqual(await kv.remove('o', ['a.list[0]', 'c', 'no.such.place']), { a: { b: 'text', list: [3, 4, 5] }, d: [6] });
  assert.deepEqual(await kv.add('l', { '': 'one' }), ['one']);
  assert.equal(await kv.remove('missing', ['a']), null);
  assert.equal(await kv.get('missing'), null, 'and makes nothing');
  const wrong = { code: 'value_invalid', status: 400 };
  await assert.rejects(kv.increase('o', { a: 1 }), wrong);
  await assert.rejects(kv.increase('o', { 'a.b': 1 }), wrong, 'a text is no number');
  await assert.rejects(kv.increase('n', { '': Infinity }), wrong);
  await assert.rejects(kv.increase('n', { x: 1 }), wrong, 'a number has no places');
  await assert.rejects(kv.add('n', { '': 1 }), wrong, 'a number is no list');
  await assert.rejects(kv.update('o', { 'd.7': 1 }), wrong, 'no holes in lists');
  await assert.rejects(kv.update('o', { 'a..b': 1 }), wrong);
  await assert.rejects(kv.update('o', { [`a${'.b'.repeat(40)}`]: 1 }), wrong);
  assert.deepEqual(await kv.get('o'), { a: { b: 'text', list: [3, 4, 5] }, d: [6] }, 'a refusal changes nothing');
});

test('no path and no value reaches the prototype of anything', async (context) => {
  verifies('drive.keyvalue.atomic');
  const { kv } = await open(context);
  for (const path of [
    '__proto__.polluted',
    'constructor.prototype.polluted',
    'a.__proto__.polluted',
    'toString.polluted',
    'list.__proto__.polluted',
  ])
    await kv.update('o', { [path]: 'yes' }).catch((error: { code?: string }) => assert.equal(error.code, 'value_invalid'));
  await kv.increase('o', { '__proto__.count': 1 });
  await kv.remove('o', ['__proto__.toString', 'constructor']);
  const hostile: Json = JSON.parse('{"__proto__":{"polluted":"yes"}}');
  await kv.set({ key: 'h', value: hostile });
  await kv.update('h', { 'b.c': 1 });
  const back = await kv.get('h');
  assert.ok(typeof back === 'object' && back !== null && Object.hasOwn(back, '__proto__'), 'it is a name like any other');
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.equal(Reflect.get([], 'polluted'), undefined);
  assert.equal(typeof {}.toString, 'function');
});

test('an entry ends at its time, is not answered from then on, and is swept', async (context) => {
  verifies('drive.keyvalue.expiry');
  const { kv, clock, store, usage } = await open(context);
  const at = clock.now / 1000;
  await kv.set({ key: 'a', value: 1, expireAt: at + 10 });
  await kv.set({ key: 'b', value: 1 });
  await kv.set({ key: 'c', value: 1 });
  await kv.expire('b', 20);
  await kv.expireAt('c', at + 30);
  await kv.expire('missing', 5);
  await kv.increase('a', { '': 1 });
  await kv.update('d', { x: 1 }, { ttl: 40 });
  clock.now += 10_000;
  assert.deepEqual(await kv.getMany(['a', 'b', 'c', 'd']), [null, 1, 1, { x: 1 }]);
  assert.deepEqual(await kv.listAll({ as: 'keys' }), ['b', 'c', 'd']);
  assert.equal(await kv.increase('a', { '': 1 }), 1, 'begins anew, for good');
  await kv.set({ key: 'b', value: 2 });
  clock.now += 30_000;
  assert.deepEqual(await kv.listAll({ as: 'keys' }), ['a', 'b'], 'a new value of b has no end');
  const before = await usage();
  assert.equal(await store.sweep(), 2);
  assert.ok((await usage()) < before);
  assert.equal(await store.sweep(), 0);
  await kv.set({ key: 'gone', value: 1, expireAt: 1 });
  assert.equal(await kv.get('gone'), null);
});

test('lists are in the order of code points, by prefix, in pages, both ways', async (context) => {
  verifies('drive.keyvalue.list');
  const { kv } = await open(context);
  const keys = ['A', 'a', 'a%', 'a*b', 'a:1', 'a:10', 'a:2', 'a_', 'b', 'ä', '\ud7ff', '\ue000', '\uffff', '😀', '😀x'];
  await kv.setMany(keys.toReversed().map((key) => ({ key, value: key })));
  assert.deepEqual(await kv.listAll({ as: 'keys' }), keys);
  assert.deepEqual(await kv.listAll({ as: 'values', pattern: 'a:*' }), ['a:1', 'a:10', 'a:2']);
  assert.deepEqual(await kv.listAll({ as: 'keys', pattern: 'a:' }), ['a:1', 'a:10', 'a:2']);
  assert.deepEqual(await kv.listAll({ as: 'keys', pattern: 'a%' }), ['a%'], 'no wildcard but the star at the end');
  assert.deepEqual(await kv.listAll({ as: 'keys', pattern: 'a*b' }), ['a*b']);
  assert.deepEqual(await kv.listAll({ as: 'keys', pattern: '\ud7ff' }), ['\ud7ff']);
  assert.deepEqual(await kv.listAll({ as: 'entries', pattern: '😀' }), [
    { key: '😀', value: '😀' },
    { key: '😀x', value: '😀x' },
  ]);
  assert.deepEqual(await kv.listAll({ as: 'keys', pattern: '*' }), keys);

  for (const reverse of [false, true]) {
    const seen: Json[] = [];
    let cursor: string | null | undefined = null;
    while (cursor !== undefined) {
      const page: Awaited<ReturnType<typeof kv.list>> = await kv.list({
        as: 'keys',
        limit: 4,
        cursor,
        ...(cursor === null && { reverse }),
      });
      seen.push(...page.items);
      cursor = page.cursor;
    }
    assert.deepEqual(seen, reverse ? keys.toReversed() : keys);
  }
  const first = await kv.list({ as: 'keys', limit: 15, includeTotal: true });
  assert.deepEqual([first.cursor, first.total], [undefined, 15], 'no cursor behind the last');
  const page = await kv.list({ as: 'keys', limit: 2, offset: 3, pattern: 'a', includeTotal: true });
  assert.deepEqual([page.items, page.total], [['a:1', 'a:10'], 7]);
  assert.ok(page.cursor);
  await assert.rejects(kv.list({ as: 'keys', cursor: page.cursor, reverse: true }), { code: 'cursor_invalid' });
  for (const bad of [{ limit: 0 }, { limit: 1.5 }, { offset: 5001 }, { offset: -1 }, { cursor: page.cursor, offset: 1 }])
    await assert.rejects(kv.list({ as: 'keys', ...bad }), { code: 'value_invalid', status: 400 });
  for (const cursor of ['x', 'a', 'zabc', `a${Buffer.from('a\0').toString('base64url')}`])
    await assert.rejects(kv.list({ as: 'keys', cursor }), { code: 'cursor_invalid', status: 400 });
});

test('a page of large values ends early and goes on; nothing is left out', async (context) => {
  verifies('drive.keyvalue.list');
  const { kv } = await open(context);
  const value = 'x'.repeat(390_000);
  for (let index = 0; index < 25; index++) await kv.set({ key: `k${String(index).padStart(2, '0')}`, value });
  const seen: Json[] = [];
  let pages = 0;
  for (let cursor: string | null | undefined = null; cursor !== undefined; pages++) {
    const page: Awaited<ReturnType<typeof kv.list>> = await kv.list({ as: 'entries', cursor });
    seen.push(...page.items);
    cursor = page.cursor;
  }
  assert.equal(seen.length, 25);
  assert.ok(pages > 1);
  await assert.rejects(kv.getMany(Array.from({ length: 100 }, () => 'k00')), { code: 'value_too_large', status: 413 });
});

test('limits: keys of 1024 bytes, values of 399 KiB and 100 levels', async (context) => {
  verifies('drive.keyvalue.limits');
  const { kv, usage } = await open(context);
  await kv.set({ key: 'k'.repeat(1024), value: 1 });
  for (const key of ['k'.repeat(1025), 'ä'.repeat(513)])
    await assert.rejects(kv.set({ key, value: 1 }), { code: 'key_too_large', status: 400 });
  for (const key of ['', null, undefined, {}, [], 'a\0b', '\ud800'])
    await assert.rejects(kv.set({ key, value: 1 }), { code: 'key_invalid', status: 400 });
  await kv.set({ key: 'v', value: 'x'.repeat(399 * 1024 - 2) });
  await assert.rejects(kv.set({ key: 'v', value: 'x'.repeat(399 * 1024 - 1) }), { code: 'value_too_large', status: 413 });
  const nested = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
  await kv.set({ key: 'n', value: nested(100) });
  await assert.rejects(kv.set({ key: 'n', value: nested(50_000) }), { code: 'value_invalid' });
  await kv.set({ key: 'l', value: ['x'.repeat(200_000)] });
  await assert.rejects(kv.add('l', { '': 'x'.repeat(210_000) }), { code: 'value_too_large' }, 'a change does not grow past it');
  await usage();
});

test('an account stores as much as it may, and no more at once than alone', async (context) => {
  verifies('drive.keyvalue.limits');
  const { kv, store, usage } = await open(context, { limit: 10_000 });
  const writes = Array.from({ length: 40 }, (_, index) => kv.set({ key: `k${index}`, value: 'x'.repeat(1000) }));
  const done = (await Promise.allSettled(writes)).filter(({ status }) => status === 'fulfilled').length;
  assert.equal(done, 9);
  assert.ok((await usage()) <= 10_000);
  await assert.rejects(store.of({ account: 'anna' }).set({ key: 'o', value: 'x'.repeat(1000) }), { code: 'keyvalue_full', status: 507 });
  await store.of({ account: 'bert', app }).set({ key: 'k', value: 'x'.repeat(1000) });
  await kv.set({ key: 'k0', value: 'small' });
  await kv.set({ key: 'more', value: 'x'.repeat(900) });
  await assert.rejects(
    kv.setMany([
      { key: 'p', value: 1 },
      { key: 'q', value: 'x'.repeat(5000) },
    ]),
    { code: 'keyvalue_full' },
  );
  assert.equal(await kv.get('p'), null, 'all or none');
  await kv.flush();
  assert.equal(await usage(), 0);
});
