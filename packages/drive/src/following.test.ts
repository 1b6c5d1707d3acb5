import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePage } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

test('a window that comes and goes while others write sees every change once, in order', async (t) => {
  verifies('foundation.drive.events');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const total = 120;
  let made = 0;
  const write = async () => {
    while (made < total) await alice.createFolder({ parent, name: `${made++}` });
  };
  const writing = Promise.all([write(), write(), write()]);
  const seen: number[] = [];
  let since = 0;
  let connections = 0;
  while (seen.length < total) {
    const connection = new AbortController();
    connections += 1;
    for await (const page of alice.events({ since, signal: connection.signal })) {
      assert.equal(page.reset, false);
      seen.push(...page.changes.map(({ seq }) => seq));
      since = page.next;
      if (connections < 15 || seen.length === total) connection.abort();
    }
    await new Promise(setImmediate);
  }
  await writing;
  assert.deepEqual(
    seen,
    Array.from({ length: total }, (_, index) => index + 1),
  );
  assert.ok(connections >= 2);
});

test('changes reach every other window of the account, and no other account', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const pages: Record<string, ChangePage[]> = { one: [], two: [], bob: [] };
  const arrived = Promise.withResolvers<void>();
  const listen = (window: string) => (page: ChangePage) => {
    pages[window]?.push(page);
    if ([pages['one'], pages['two']].every((list) => list?.flatMap(({ changes }) => changes).length === 3)) arrived.resolve();
  };
  const ends = [
    drive.of('alice').subscribe(listen('one'), { since: 0 }),
    alice.subscribe(listen('two'), { since: 0 }),
    drive.of('bob').subscribe(listen('bob')),
  ];
  await drive.of('bob').root();
  await new Promise(setImmediate);
  const folder = await alice.createFolder({ parent, name: 'folder' });
  const file = await alice.writeFile({ parent, name: 'x', content: textStream('x') });
  await alice.move({ id: file.id, parent: folder.id });
  await arrived.promise;
  for (const window of ['one', 'two'])
    assert.deepEqual(
      pages[window]?.flatMap(({ changes }) => changes).map(({ seq, op, entry, parent, origin }) => ({ seq, op, entry, parent, origin })),
      [
        { seq: 1, op: 'created', entry: folder.id, parent, origin: undefined },
        { seq: 2, op: 'created', entry: file.id, parent, origin: undefined },
        { seq: 3, op: 'moved', entry: file.id, parent: folder.id, origin: parent },
      ],
    );
  for (const end of ends) end();
  await alice.trash(file.id);
  await new Promise(setImmediate);
  assert.equal(pages['one']?.at(-1)?.next, 3, 'nothing after the end');
  assert.deepEqual(pages['bob'], []);
});

test('who was away for longer than the history reaches is told to list anew', async (t) => {
  const { drive } = await temporaryDrive(t, { options: { keepChanges: 5 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (let index = 0; index < 9; index++) await alice.createFolder({ parent, name: `${index}` });
  assert.deepEqual(await alice.changes(3), { changes: [], next: 9, reset: true });
  const page = await alice.changes(4);
  assert.deepEqual([page.changes.map(({ seq }) => seq), page.next, page.reset], [[5, 6, 7, 8, 9], 9, false]);
  assert.deepEqual(await alice.changes(9), { changes: [], next: 9, reset: false });
  assert.deepEqual(
    await alice.changes(1000),
    { changes: [], next: 9, reset: true },
    'a database restored from a backup is behind its clients',
  );
  assert.deepEqual((await alice.changes(4, 2)).next, 6);
});

test('a refused change tells nothing', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  await alice.createFolder({ parent, name: 'a' });
  await assert.rejects(alice.createFolder({ parent, name: 'a' }));
  await assert.rejects(alice.writeFile({ parent, name: 'b', content: textStream('x'), size: 2 }));
  assert.equal((await alice.changes(0)).next, 1);
});
