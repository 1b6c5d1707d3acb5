import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const color = { namespace: 'urn:test', name: 'color', value: 'red' };

test('properties follow their entry through rename, move and trash, and end with it', async (t) => {
  verifies('drive.webdav.properties');
  const { drive, database } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const folder = await alice.createFolder({ parent, name: 'folder' });
  const file = await alice.writeFile({ parent, name: 'file', content: textStream('x') });
  await alice.properties.change(file.id, [color, { ...color, namespace: '', value: '<b xmlns="">bold</b>' }]);
  await alice.properties.change(folder.id, [color]);
  await alice.move({ id: file.id, parent: folder.id, name: 'renamed' });
  await alice.trash(folder.id);
  await alice.restore(folder.id);
  assert.deepEqual((await alice.properties.of([file.id, folder.id, 'none'])).get(file.id), [
    { ...color, namespace: '', value: '<b xmlns="">bold</b>' },
    color,
  ]);
  await alice.properties.change(file.id, [
    { namespace: '', name: 'color' },
    { ...color, value: 'blue' },
  ]);
  assert.deepEqual((await alice.properties.of([file.id])).get(file.id), [{ ...color, value: 'blue' }]);

  await alice.deleteForever(folder.id);
  const { sql } = await import('@freehold/database');
  assert.deepEqual(await database.read.all(sql`SELECT entry FROM property LIMIT 10`), []);
});

test('a change of properties happens whole or not at all, and an entry holds only so much', async (t) => {
  verifies('drive.webdav.properties');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id } = await alice.root();
  await alice.properties.change(id, [color]);
  const many = Array.from({ length: 501 }, (_, index) => ({ ...color, name: `p${index}` }));
  await assert.rejects(alice.properties.change(id, many), { code: 'too_many_properties', status: 507 });
  await assert.rejects(alice.properties.change(id, [{ ...color, value: 'x'.repeat(65_536) }]), { code: 'too_many_properties' });
  assert.deepEqual((await alice.properties.of([id])).get(id), [color]);
  // 200 entries are three look-ups.
  const folders = await Promise.all(Array.from({ length: 200 }, (_, n) => alice.createFolder({ parent: id, name: `${n}` })));
  for (const folder of folders) await alice.properties.change(folder.id, [{ ...color, value: folder.name }]);
  const found = await alice.properties.of(folders.map((folder) => folder.id));
  assert.deepEqual(
    folders.map((folder) => found.get(folder.id)?.[0]?.value),
    folders.map(({ name }) => name),
  );
});
