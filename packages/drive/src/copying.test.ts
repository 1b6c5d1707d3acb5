import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import type { DriveHandle } from './index.ts';
import { keyStream, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const namesIn = async (handle: DriveHandle, parent: string) => (await handle.list({ parent })).entries.map(({ name }) => name);

test('a copy names the same content, counts towards the quota and goes its own way', async (t) => {
  verifies('drive.copy');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  const inner = await alice.createFolder({ parent: folder.id, name: 'inner' });
  const file = await alice.writeFile({ parent: inner.id, name: 'large', content: keyStream('copy', 200_000) });
  await alice.setAttributes(file.id, { note: 'kept' });
  await alice.createShortcut({ parent: folder.id, name: 'link', target: file.id });

  await assert.rejects(alice.copy({ id: folder.id, parent: root }), { code: 'name_taken' });
  await assert.rejects(alice.copy({ id: folder.id, parent: inner.id }), { code: 'move_into_itself' });
  await assert.rejects(alice.copy({ id: file.id, parent: inner.id, onConflict: 'replace' }), { code: 'name_taken' });
  const copy = await alice.copy({ id: folder.id, parent: root, onConflict: 'rename' });
  assert.equal(copy.name, 'folder (2)');
  assert.deepEqual(await namesIn(alice, copy.id), ['inner', 'link']);
  const copied = await alice.stat('/folder (2)/inner/large');
  assert.deepEqual([copied.cid, copied.attributes], [file.cid, { note: 'kept' }]);
  assert.notEqual(copied.id, file.id);
  assert.equal((await alice.stat('/folder (2)/link')).target, file.id);
  assert.equal((await alice.usage()).used, 400_000);

  await alice.deleteForever(folder.id);
  assert.equal((await alice.read(copied.id)).length, 200_000);
  assert.deepEqual(await drive.audit(), []);
});

test('a copy that does not fit, or is given up, leaves nothing', async (t) => {
  verifies('drive.copy');
  const { drive } = await temporaryDrive(t, { options: { quota: 5000 } });
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  for (let number = 0; number < 300; number++)
    await alice.writeFile({ parent: folder.id, name: `${number}`, content: textStream('ten bytes!') });
  await assert.rejects(alice.copy({ id: folder.id, parent: root, name: 'copy' }), { code: 'quota_exceeded', status: 507 });
  await assert.rejects(
    alice.copy({ id: folder.id, parent: root, name: 'copy', signal: AbortSignal.abort(new Error('given up')) }),
    /given up/,
  );
  assert.deepEqual(await namesIn(alice, root), ['folder']);
  assert.equal((await alice.usage()).used, 3000);
  assert.deepEqual(await drive.audit(), []);
});

test('a copy into another drive belongs to that drive alone', async (t) => {
  verifies('drive.copy');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const file = await alice.writeFile({ parent: (await alice.root()).id, name: 'a', content: textStream('text') });
  const copy = await drive.copyAcross({ from: 'alice', to: 'bob', id: file.id, parent: (await bob.root()).id, name: 'b' });
  await alice.deleteForever(file.id);
  assert.equal((await bob.read(copy.id)).size, 4);
  assert.deepEqual([(await alice.usage()).used, (await bob.usage()).used], [0, 4]);
  await assert.rejects(alice.entry(copy.id), { code: 'entry_not_found' });
  assert.deepEqual(await drive.audit(), []);
});

test('attributes are patched one by one and bounded; a touch moves the time alone', async (t) => {
  verifies('drive.attributes');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id } = await alice.writeFile({ parent: (await alice.root()).id, name: 'a', content: textStream('text') });
  await alice.setAttributes(id, { color: 'red', order: [1, { deep: true }] });
  assert.deepEqual((await alice.setAttributes(id, { color: null, size: 2 })).attributes, { order: [1, { deep: true }], size: 2 });
  assert.equal('attributes' in (await alice.setAttributes(id, { order: null, size: null })), false);
  await assert.rejects(alice.setAttributes(id, { text: 'x'.repeat(17_000) }), { code: 'attributes_invalid' });
  assert.equal((await alice.touch(id, 1_234_567_890_000)).modifiedAt, 1_234_567_890_000);
});

test('the folders that every drive has are there and stay there', async (t) => {
  verifies('drive.folders');
  const { drive } = await temporaryDrive(t, { options: { folders: ['AppData', 'Documents'] } });
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  assert.deepEqual(await namesIn(alice, root), ['AppData', 'Documents']);
  const { id } = await alice.stat('/Documents');
  const other = await alice.createFolder({ parent: root, name: 'other' });
  const fixed = { code: 'root_fixed', status: 403 };
  await assert.rejects(alice.rename(id, 'Mine'), fixed);
  await assert.rejects(alice.move({ id, parent: other.id }), fixed);
  await assert.rejects(alice.trash(id), fixed);
  await assert.rejects(alice.deleteForever(id), fixed);
  await assert.rejects(alice.move({ id: other.id, name: 'Documents', onConflict: 'replace' }), fixed);
  await assert.rejects(alice.copy({ id: other.id, parent: root, name: 'Documents', onConflict: 'replace' }), fixed);
  await alice.rename((await alice.createFolder({ parent: other.id, name: 'Documents' })).id, 'free elsewhere');
  assert.deepEqual(await namesIn(alice, root), ['AppData', 'Documents', 'other']);
});
