import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyStream, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const text = async (stream: AsyncIterable<unknown>) => Buffer.concat((await Array.fromAsync(stream)) as Buffer[]).toString();

test('a taken name fails, is kept beside, or gets the new content with the old as a version', async (t) => {
  const { drive } = await temporaryDrive(t, { options: { keepVersions: 2 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const write = (content: string, onConflict?: 'fail' | 'replace' | 'rename', name = 'é.txt') =>
    alice.writeFile({ parent, name, content: textStream(content), onConflict });
  const first = await write('one');
  await assert.rejects(write('two', 'fail', 'e\u0301.txt'), { code: 'name_taken', status: 409 });
  assert.equal((await write('two', 'rename')).name, 'é (2).txt');
  assert.equal((await write('three', 'rename')).name, 'é (3).txt');

  const replaced = await write('four!', 'replace', 'e\u0301.txt');
  assert.deepEqual([replaced.id, replaced.name, replaced.createdAt], [first.id, first.name, first.createdAt]);
  assert.equal(await text((await alice.read(first.id)).stream), 'four!');
  const [earlier, ...others] = await alice.versions(first.id);
  assert.deepEqual(others, []);
  assert.deepEqual(earlier, {
    number: 1,
    cid: first.cid,
    size: 3,
    mediaType: 'text/plain',
    modifiedAt: first.modifiedAt,
    replacedAt: earlier?.replacedAt,
  });
  assert.equal((await alice.usage()).used, 3 + 3 + 5 + 5, 'versions count');

  await write('four!', 'replace');
  assert.equal((await alice.versions(first.id)).length, 1, 'the same content is no new version');
  await write('five', 'replace');
  await write('six', 'replace');
  assert.deepEqual(
    (await alice.versions(first.id)).map(({ number, size }) => [number, size]),
    [
      [3, 4],
      [2, 5],
    ],
  );
  assert.equal((await alice.usage()).used, 3 + 5 + 3 + 4 + 5);

  await alice.createFolder({ parent, name: 'folder' });
  await assert.rejects(write('x', 'replace', 'folder'), { code: 'not_a_file', status: 409 });
  await assert.rejects(alice.createFolder({ parent, name: 'folder' }), { code: 'name_taken' });
  assert.equal((await alice.createFolder({ parent, name: 'folder', onConflict: 'rename' })).name, 'folder (2)');
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('twenty uploads of one name at once all stay, each under a name of its own', async (t) => {
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const uploads = Array.from({ length: 20 }, (_, index) =>
    alice.writeFile({ parent, name: 'image.png', content: keyStream(`${index}`, 70_000), onConflict: 'rename' }),
  );
  const names = (await Promise.all(uploads)).map(({ name }) => name);
  assert.deepEqual(new Set(names), new Set(['image.png', ...Array.from({ length: 19 }, (_, index) => `image (${index + 2}).png`)]));
  const failing = Array.from({ length: 20 }, (_, index) =>
    alice.writeFile({ parent, name: 'one.png', content: keyStream(`one ${index}`, 70_000) }),
  );
  const settled = await Promise.allSettled(failing);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(files().length, 21, 'the nineteen refused left nothing');
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('the quota holds against twenty uploads at once, and against an upload that does not say its size', async (t) => {
  const { drive, files } = await temporaryDrive(t, { options: { quota: 500_000 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const settled = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => alice.writeFile({ parent, name: `${index}`, content: keyStream(`${index}`, 100_000) })),
  );
  const refused = settled.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 15);
  for (const { reason } of refused) assert.deepEqual([reason.code, reason.status], ['quota_exceeded', 507]);
  assert.deepEqual(await alice.usage(), { used: 500_000, quota: 500_000 });
  assert.equal(files().length, 5);

  await drive.setQuota('alice', 600_000);
  let taken = 0;
  async function* endless() {
    for (;;) {
      taken += 65_536;
      yield Buffer.alloc(65_536);
    }
  }
  await assert.rejects(alice.writeFile({ parent, name: 'endless', content: endless() }), { code: 'quota_exceeded' });
  assert.ok(taken < 4_000_000);
  await assert.rejects(alice.writeFile({ parent, name: 'said', content: endless(), size: 100_001 }), { code: 'quota_exceeded' });
  const [one] = (await alice.list({ parent })).entries;
  await alice.trash(one?.id ?? '');
  assert.equal((await alice.usage()).used, 500_000, 'the trash counts');
  await alice.emptyTrash();
  assert.deepEqual(await alice.usage(), { used: 400_000, quota: 600_000 });
  assert.deepEqual(await drive.audit(), []);
});

test('a bad name, a file as a folder, or a folder that is gone is refused before a byte is taken', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const file = await alice.writeFile({ parent, name: 'file', content: textStream('x') });
  const trashed = await alice.createFolder({ parent, name: 'trashed' });
  const inside = await alice.createFolder({ parent: trashed.id, name: 'inside' });
  await alice.trash(trashed.id);
  let taken = 0;
  async function* content() {
    taken += 1;
    yield new Uint8Array(1);
  }
  const cases: [string, string, string][] = [
    [parent, 'a/b', 'name_invalid'],
    [parent, 'file', 'name_taken'],
    [file.id, 'x', 'not_a_folder'],
    [trashed.id, 'x', 'entry_in_trash'],
    [inside.id, 'x', 'entry_in_trash'],
    ['nothing', 'x', 'entry_not_found'],
  ];
  for (const [folder, name, code] of cases) {
    await assert.rejects(alice.writeFile({ parent: folder, name, content: content() }), { code }, code);
    await assert.rejects(alice.createFolder({ parent: folder, name }), { code }, code);
  }
  assert.equal(taken, 0);
});

test('a folder deleted while an upload into it was under way refuses it in the end, and nothing stays', async (t) => {
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  async function* content() {
    yield* keyStream('x', 100_000);
    await alice.deleteForever(folder.id);
  }
  await assert.rejects(alice.writeFile({ parent: folder.id, name: 'x', content: content() }), { code: 'entry_not_found' });
  assert.deepEqual(files(), []);
  assert.deepEqual(await drive.audit(), []);
});

test('rename and move: one row, never into itself, never over another unless asked', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const a = await alice.createFolder({ parent: root, name: 'a' });
  const b = await alice.createFolder({ parent: a.id, name: 'b' });
  const c = await alice.createFolder({ parent: b.id, name: 'c' });
  for (const parent of [a.id, b.id, c.id])
    await assert.rejects(alice.move({ id: a.id, parent }), { code: 'move_into_itself', status: 409 });
  for (const change of [alice.rename(root, 'x'), alice.move({ id: root, parent: a.id }), alice.trash(root), alice.deleteForever(root)])
    await assert.rejects(change, { code: 'root_fixed', status: 403 });
  await assert.rejects(alice.rename(b.id, '..'), { code: 'name_invalid' });

  await alice.move({ id: c.id, parent: root, name: 'C' });
  assert.equal(await alice.path(c.id), '/C');
  await alice.move({ id: a.id, parent: c.id });
  assert.equal(await alice.path(b.id), '/C/a/b');
  assert.equal((await alice.rename(b.id, 'e\u0301')).name, 'e\u0301');
  assert.equal((await alice.rename(b.id, '\u00E9')).name, '\u00E9', 'a name does not collide with itself');

  const d = await alice.createFolder({ parent: root, name: 'a' });
  await assert.rejects(alice.move({ id: d.id, parent: c.id }), { code: 'name_taken' });
  assert.equal((await alice.move({ id: d.id, parent: c.id, onConflict: 'rename' })).name, 'a (2)');
  await alice.move({ id: d.id, name: 'a', onConflict: 'replace' });
  assert.equal(await alice.path(d.id), '/C/a');
  assert.deepEqual(
    (await alice.listTrash()).entries.map(({ id }) => id),
    [a.id],
    'what was in the way is in the trash',
  );

  const before = (await alice.changes(0)).next;
  await alice.rename(d.id, 'a');
  assert.equal((await alice.changes(0)).next, before, 'nothing changed, nothing is told');
});

test('folders have a deepest level', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  let parent = (await alice.root()).id;
  const other = await alice.createFolder({ parent, name: 'other' });
  for (let depth = 0; depth < 200; depth++) ({ id: parent } = await alice.createFolder({ parent, name: 'x' }));
  const deeper = [
    () => alice.createFolder({ parent, name: 'x' }),
    () => alice.writeFile({ parent, name: 'x', content: textStream('') }),
    () => alice.move({ id: other.id, parent }),
  ];
  for (const one of deeper) await assert.rejects(one, { code: 'too_deep', status: 409 });
});
