import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@freehold/database';
import { verifies } from '../../../../requirements/verifies.ts';
import { openDrive } from '../drive.ts';
import type { DriveHandle } from '../index.ts';
import { untilDerived } from '../testing/derived.ts';
import { pdfOf, photograph } from '../testing/files.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';

async function* pieces(content: string | Uint8Array) {
  yield Buffer.from(content);
}
const write = async (handle: DriveHandle, name: string, content: string | Uint8Array, parent?: string) =>
  handle.writeFile({ parent: parent ?? (await handle.root()).id, name, content: pieces(content), onConflict: 'replace' });
const find = async (handle: DriveHandle, text: string, where: 'content' | 'everything' = 'content') =>
  (await handle.search({ text, in: where })).entries.map(({ name }) => name);

test('text, PDF and pictures are found by what is in them', async (t) => {
  verifies('drive.search.content', 'cloud.files.thumbnails');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const alice = world.drive.of('alice');
  await write(alice, 'letter.txt', 'Dear Zoë,\n\nthe Überraschung is for Thursday.\nYours');
  await write(alice, 'notes', 'no ending and no type, yet text about gardening');
  await write(alice, 'page.html', '<html><style>p{color:teal}</style><script>var hidden</script><p>visible paragraph</p>');
  await write(alice, 'invoice.pdf', pdfOf(['first page', 'the total is 4711 euro'], { title: 'Quarterly statement' }));
  await write(alice, 'IMG_1.jpg', await photograph());
  await write(alice, '日本.txt', '東京タワーへ行きました。');
  await write(alice, 'old.txt', Buffer.from('caf\xe9 cr\xe8me', 'latin1'));
  await write(alice, 'wide.txt', Buffer.from('\ufeffsixteen bits', 'utf16le'));
  await write(alice, 'movie.bin', Buffer.from([0, 1, 2, 3, 0x67, 0x61, 0x72, 0x64]));
  await untilDerived(world);
  for (const [text, ...expected] of [
    ['überrasch', 'letter.txt'],
    ['zoe thursday', 'letter.txt'],
    ['THURSDAY', 'letter.txt'],
    ['hursday'],
    ['thursday friday'],
    ['gardening', 'notes'],
    ['paragraph', 'page.html'],
    ['hidden'],
    ['teal'],
    ['4711', 'invoice.pdf'],
    ['quarterly', 'invoice.pdf'],
    ['canon', 'IMG_1.jpg'],
    ['boat 2026', 'IMG_1.jpg'],
    ['東京', '日本.txt'],
    ['京', '日本.txt'],
    ['京東'],
    ['café', 'old.txt'],
    ['sixteen', 'wide.txt'],
    ['is', 'invoice.pdf', 'letter.txt'],
    ['"'],
    ['*'],
  ] as const)
    assert.deepEqual(await find(alice, text), expected, text);
  const [hit] = (await alice.search({ text: 'uber', in: 'content' })).entries;
  assert.equal(hit?.path, '/letter.txt');
  const [thursday] = (await alice.search({ text: 'thursday' })).entries;
  assert.match(thursday?.snippet ?? '', /the Überraschung is for Thursday\./);
  const image = await alice.stat('/IMG_1.jpg');
  assert.deepEqual(await alice.facts(image.id), {
    width: 800,
    height: 600,
    format: 'jpeg',
    camera: 'Canon EOS R5',
    lens: 'RF 50mm',
    takenAt: '2026-03-04T10:11:12',
    description: 'A boat',
  });
});

test('names come before content, nothing comes twice, and pages lose nothing', async (t) => {
  verifies('drive.search.content');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const alice = world.drive.of('alice');
  for (let index = 0; index < 5; index++) await write(alice, `plain ${index}`, `the word harbour, ${index}`);
  await write(alice, 'my harbour', 'harbour, too');
  await write(alice, 'harbour', 'something else');
  await untilDerived(world);
  const expected = ['harbour', 'my harbour', 'plain 4', 'plain 3', 'plain 2', 'plain 1', 'plain 0'];
  for (const limit of [1, 2, 3, 50]) {
    const names: string[] = [];
    for (let after: string | undefined = undefined, more = true; more; more = after !== undefined) {
      const page: Awaited<ReturnType<DriveHandle['search']>> = await alice.search({ text: 'harbour', limit, after });
      names.push(...page.entries.map(({ name }) => name));
      after = page.next;
    }
    assert.deepEqual(names, expected);
  }
});

test('what is found follows the file: new content, trash, restore, copy, deletion', async (t) => {
  verifies('drive.search.content', 'drive.search.trash');
  const world = await temporaryDrive(t, { options: { quiet: 0, grace: 0 } });
  const alice = world.drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  const file = await write(alice, 'a', 'apricot', folder.id);
  await untilDerived(world);
  assert.deepEqual(await find(alice, 'apricot'), ['a']);
  await alice.trash(folder.id);
  assert.deepEqual(await find(alice, 'apricot'), []);
  await alice.restore(folder.id);
  const copy = await alice.copy({ id: file.id, parent: root, name: 'copy' });
  await untilDerived(world);
  assert.deepEqual((await find(alice, 'apricot')).sort(), ['a', 'copy']);
  await write(alice, 'a', 'banana', folder.id);
  assert.deepEqual(await find(alice, 'apricot'), ['copy'], 'at once, not when the new content was looked at');
  await untilDerived(world);
  assert.deepEqual(await find(alice, 'banana'), ['a']);
  await alice.deleteForever(copy.id);
  await alice.deleteForever(folder.id);
  assert.deepEqual(await find(alice, 'apricot'), []);
  await world.drive.sweep();
  assert.deepEqual(await world.database.read.all(sql`SELECT cid FROM derivation LIMIT 10`), [], 'what was derived goes with the content');
});

test('equal content in two drives is read once and found in each by its own; nobody finds what only others have', async (t) => {
  verifies('drive.search.isolation');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const [alice, bob] = [world.drive.of('alice'), world.drive.of('bob')];
  const mine = await write(alice, 'mine', 'the same secret plan');
  await write(bob, 'his', 'the same secret plan');
  await write(bob, 'other', 'confidential');
  await untilDerived(world);
  assert.deepEqual(await find(alice, 'secret'), ['mine']);
  assert.deepEqual(await find(bob, 'secret'), ['his']);
  assert.deepEqual(await find(alice, 'confidential'), []);
  const read = await world.database.read.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM derivation`);
  assert.equal(read?.count, 2);
  await alice.deleteForever(mine.id);
  assert.deepEqual([await find(alice, 'secret'), await find(bob, 'secret')], [[], ['his']]);
});

test('a stop leaves the queue as it is, and the next start goes on with it', async (t) => {
  verifies('drive.derive.queue');
  const world = await temporaryDrive(t, { options: { quiet: 3_600_000 } });
  const { drive, database, directory } = world;
  for (let index = 0; index < 40; index++) await write(drive.of('alice'), `${index}`, `orchard ${index}`);
  const begun = performance.now();
  await drive.stop();
  assert.ok(performance.now() - begun < 2000);
  assert.deepEqual(await find(drive.of('alice'), 'orchard'), []);
  const second = openDrive({ database, directory, log: () => {}, options: { quiet: 0 } });
  await second.start();
  while ((await find(second.of('alice'), 'orchard')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await second.stop();
  const third = openDrive({ database, directory, log: () => {}, options: { quiet: 0 } });
  await third.start();
  t.after(() => third.stop());
  await untilDerived(world);
  assert.equal((await find(third.of('alice'), 'orchard')).length, 40);
});
