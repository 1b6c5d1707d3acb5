import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { storeOf } from './store.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

test('trash takes a folder out of sight with all below it; restore puts it back where it was', async (t) => {
  verifies('foundation.drive.trash');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  const inner = await alice.createFolder({ parent: folder.id, name: 'inner' });
  const file = await alice.writeFile({ parent: inner.id, name: 'file', content: textStream('x') });
  await alice.rename(inner.id, 'renamed');
  await alice.move({ id: inner.id, parent: root });

  const trashed = await alice.trash(inner.id);
  assert.ok(trashed.trashedAt);
  await assert.rejects(alice.stat('/renamed/file'), { code: 'entry_not_found' });
  assert.deepEqual(
    (await alice.list({ parent: root })).entries.map(({ name }) => name),
    ['folder'],
  );
  assert.deepEqual(
    (await alice.listTrash()).entries.map(({ id, path }) => [id, path]),
    [[inner.id, '/renamed']],
  );
  assert.deepEqual(
    (await alice.list({ parent: inner.id })).entries.map(({ id }) => id),
    [file.id],
    'one may look into the trash',
  );
  const refused = [
    alice.trash(inner.id),
    alice.trash(file.id),
    alice.rename(file.id, 'y'),
    alice.move({ id: file.id, parent: root }),
    alice.move({ id: folder.id, parent: inner.id }),
  ];
  for (const change of refused) await assert.rejects(change, { code: 'entry_in_trash', status: 409 });
  for (const id of [file.id, folder.id, root]) await assert.rejects(alice.restore(id), { code: 'entry_not_in_trash', status: 409 });

  const restored = await alice.restore(inner.id);
  assert.deepEqual([restored.parent, restored.name, restored.trashedAt], [root, 'renamed', undefined]);
  assert.equal((await alice.stat('/renamed/file')).id, file.id);
});

test('each change is one transaction: it tells the feed once, and one row changed', async (t) => {
  verifies('foundation.drive.trash');
  const { drive, database } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const a = await alice.createFolder({ parent: root, name: 'a' });
  const b = await alice.createFolder({ parent: root, name: 'b' });
  await Promise.all(Array.from({ length: 300 }, (_, index) => alice.createFolder({ parent: a.id, name: `${index}` })));
  let since = (await alice.changes(303)).next;
  let transactions = 0;
  const counted: typeof database = {
    ...database,
    transaction: (work) => {
      transactions += 1;
      return database.transaction(work);
    },
  };
  const counting = openDrive({ database: counted, directory: '/nowhere', log: () => {} }).of('alice');
  for (const change of [
    () => counting.rename(a.id, 'c'),
    () => counting.move({ id: a.id, parent: b.id }),
    () => counting.trash(a.id),
    () => counting.restore(a.id),
  ]) {
    transactions = 0;
    await change();
    const page = await alice.changes(since);
    assert.equal(transactions, 1);
    assert.deepEqual(
      page.changes.map(({ entry }) => entry),
      [a.id],
    );
    since = page.next;
  }
});

test('restore when the old place is gone, is itself in the trash, or has another of that name', async (t) => {
  verifies('foundation.drive.trash');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const place = await alice.createFolder({ parent: root, name: 'place' });
  const write = (parent: string) => alice.writeFile({ parent, name: 'x.txt', content: textStream('x') });

  const first = await write(place.id);
  await alice.trash(first.id);
  await write(place.id);
  assert.equal(await alice.path((await alice.restore(first.id)).id), '/place/x (2).txt', 'the name is taken');

  await alice.trash(first.id);
  await alice.trash(place.id);
  assert.equal((await alice.restore(first.id)).parent, root, 'the place is in the trash');
  assert.equal((await alice.stat('/x (2).txt')).id, first.id);

  const other = await alice.createFolder({ parent: root, name: 'other' });
  await alice.move({ id: first.id, parent: other.id });
  await alice.trash(first.id);
  await alice.deleteForever(other.id);
  assert.deepEqual(
    (await alice.listTrash()).entries.map(({ id, path }) => [id, path]),
    [
      [first.id, undefined],
      [place.id, '/place'],
    ],
    'it was in the trash by itself, so it stays',
  );
  await alice.createFolder({ parent: root, name: 'x (2).txt' });
  assert.equal((await alice.restore(first.id)).name, 'x (2) (2).txt');
  assert.deepEqual(await drive.audit(), []);
});

test('delete for good takes everything below and all versions, gives back the bytes, and is not undone', async (t) => {
  const { drive, clock } = await temporaryDrive(t, { options: { grace: 0 } });
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const top = await alice.createFolder({ parent: root, name: 'top' });
  let parent = top.id;
  const ids: string[] = [];
  for (let level = 0; level < 5; level++) {
    ({ id: parent } = await alice.createFolder({ parent, name: 'level' }));
    const files = Array.from({ length: 100 }, (_, index) =>
      alice.writeFile({ parent, name: `${index}`, content: textStream(`${level} ${index}`) }),
    );
    ids.push(parent, ...(await Promise.all(files)).map(({ id }) => id));
  }
  await alice.writeFile({ parent, name: '7', content: textStream('another'), onConflict: 'replace' });
  assert.equal((await alice.usage()).used, 5 * (10 * 3 + 90 * 4) + 7);
  await alice.deleteForever(top.id);
  assert.equal((await alice.usage()).used, 0);
  for (const id of ids) await assert.rejects(alice.entry(id), { code: 'entry_not_found' });
  clock.now += 1000;
  assert.equal((await drive.sweep()).collected, 501);
  assert.deepEqual(await drive.usage(), { drives: 1, used: 0, blobs: 0, stored: 0 });
  assert.deepEqual(await drive.audit(), []);
});

test('a deletion that a crash cut short is finished at the next start; meanwhile nothing in it can be changed', async (t) => {
  const { drive, database, directory } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const top = await alice.createFolder({ parent: root, name: 'top' });
  const file = await alice.writeFile({ parent: top.id, name: 'file', content: textStream('x') });
  const row = await database.read.get<{ id: string }>({ text: ['SELECT id FROM drive'], values: [] });
  await database.transaction(async (tx) => {
    const { entries } = storeOf(tx, row?.id ?? '');
    await entries.remove(top.id);
    await entries.doom(top.id);
  });
  await assert.rejects(alice.move({ id: file.id, parent: root }), { code: 'entry_not_found' });
  const next = openDrive({ database, directory, log: () => {} });
  await next.start();
  await assert.rejects(next.of('alice').entry(file.id), { code: 'entry_not_found' });
  assert.deepEqual(
    await next
      .of('alice')
      .usage()
      .then(({ used }) => used),
    0,
  );
  await next.stop();
});

test('the trash is listed newest first in pages, and emptied of what it held when that was asked', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const made: string[] = [];
  for (let index = 0; index < 25; index++) {
    const { id } = await alice.writeFile({ parent, name: 'x', content: textStream(`${index}`) });
    await alice.trash(id);
    made.unshift(id);
  }
  const first = await alice.listTrash({ limit: 10 });
  const second = await alice.listTrash({ limit: 10, after: first.next ?? '' });
  const third = await alice.listTrash({ limit: 10, after: second.next ?? '' });
  assert.deepEqual(
    [first, second, third].flatMap(({ entries }) => entries.map(({ id }) => id)),
    made,
  );
  assert.equal(third.next, undefined);
  await assert.rejects(alice.listTrash({ after: 'x' }), { code: 'cursor_invalid', status: 400 });
  assert.equal(await alice.emptyTrash(), 25);
  assert.deepEqual(await alice.listTrash(), { entries: [] });
  assert.equal((await alice.usage()).used, 0);
  await assert.rejects(alice.emptyTrash({ signal: AbortSignal.abort(new Error('stop')) }), /stop/);
});
