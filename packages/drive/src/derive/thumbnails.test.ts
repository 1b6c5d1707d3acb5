import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@freehold/database';
import sharp from 'sharp';
import { verifies } from '../../../../requirements/verifies.ts';
import type { DriveHandle } from '../index.ts';
import { untilDerived } from '../testing/derived.ts';
import { photograph, pngSaying } from '../testing/files.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';

async function* pieces(content: Uint8Array) {
  yield content;
}
const write = async (handle: DriveHandle, name: string, content: Uint8Array | string, onConflict: 'fail' | 'replace' = 'fail') =>
  handle.writeFile({ parent: (await handle.root()).id, name, content: pieces(Buffer.from(content)), onConflict });

async function sizeOf(thumbnail: Awaited<ReturnType<DriveHandle['thumbnail']>>) {
  if (thumbnail === undefined || thumbnail === 'pending') return thumbnail;
  const { width, height, format, exif } = await sharp(thumbnail.bytes).metadata();
  assert.equal(exif, undefined, 'nothing that a camera wrote is in it');
  return `${width} × ${height} ${format}`;
}

test('pictures get small upright WebPs of at most 256 pixels, made ahead', async (t) => {
  verifies('drive.thumbnails', 'cloud.files.thumbnails');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const alice = world.drive.of('alice');
  const image = (format: 'png' | 'webp' | 'gif' | 'tiff' | 'avif', width: number, height: number) =>
    sharp({ create: { width, height, channels: 4, background: { r: 9, g: 200, b: 60, alpha: 0.5 } } })
      .toFormat(format)
      .toBuffer();
  const expected: [name: string, content: Uint8Array | string, size: string | undefined][] = [
    ['wide.jpg', await photograph(), '256 × 192 webp'],
    ['turned.jpg', await photograph({ orientation: 6 }), '192 × 256 webp'],
    ['small.png', await image('png', 40, 20), '40 × 20 webp'],
    ['a.webp', await image('webp', 300, 600), '128 × 256 webp'],
    ['a.gif', await image('gif', 600, 300), '256 × 128 webp'],
    ['a.tiff', await image('tiff', 512, 512), '256 × 256 webp'],
    ['a.avif', await image('avif', 512, 256), '256 × 128 webp'],
    ['called a text.txt', await image('png', 512, 512), '256 × 256 webp'],
    ['text.png', 'this is no picture', undefined],
    ['broken.png', (await image('png', 500, 500)).subarray(0, 300), undefined],
    ['bomb.png', pngSaying({ width: 50_000, height: 50_000, rows: 5 }), undefined],
    ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', undefined],
    ['empty.png', '', undefined],
  ];
  for (const [name, content] of expected) await write(alice, name, content);
  await untilDerived(world);
  for (const [name, , size] of expected) assert.equal(await sizeOf(await alice.thumbnail((await alice.stat(`/${name}`)).id)), size, name);
  const { id: root } = await alice.root();
  assert.equal(await alice.thumbnail(root), undefined);
  assert.equal(
    (await alice.usage()).used,
    expected.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0),
    'no quota is used',
  );
});

test('one that is asked for is made at once; before that the answer is pending', async (t) => {
  verifies('drive.thumbnails');
  const world = await temporaryDrive(t, { options: { quiet: 3_600_000 } });
  const alice = world.drive.of('alice');
  const first = await write(alice, 'a.jpg', await photograph());
  const other = await write(alice, 'b.jpg', await photograph({ width: 100 }));
  assert.equal(await alice.thumbnail(first.id), 'pending');
  assert.equal(await sizeOf(await alice.thumbnail(first.id, { wait: 10_000 })), '256 × 192 webp');
  assert.equal((await alice.facts(other.id, { wait: 10_000 }))?.width, 100);
});

test('a file that cannot be read is tried so often and not again, also by those who ask', async (t) => {
  verifies('drive.derive.hostile');
  const log: string[] = [];
  const world = await temporaryDrive(t, { options: { quiet: 0 }, log: (event, fields) => log.push(`${event} ${JSON.stringify(fields)}`) });
  const alice = world.drive.of('alice');
  const broken = await write(alice, 'broken.jpg', (await photograph()).subarray(0, 500));
  await untilDerived(world);
  for (let turn = 0; turn < 3; turn++) assert.equal(await alice.thumbnail(broken.id, { wait: 1000 }), undefined);
  await alice.copy({ id: broken.id, parent: (await alice.root()).id, name: 'copy.jpg' });
  await untilDerived(world);
  assert.equal(log.filter((line) => line.startsWith('drive.unreadable')).length, 1);
  const row = await world.database.read.get<{ state: string }>(sql`SELECT state FROM derivation WHERE cid = ${broken.cid ?? ''}`);
  assert.equal(row?.state, 'failed');
});

test('a program gives an entry a picture: made anew, told to others, gone with the content', async (t) => {
  verifies('drive.thumbnails');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const alice = world.drive.of('alice');
  const file = await write(alice, 'song.mp3', 'la la la');
  const folder = await alice.createFolder({ parent: (await alice.root()).id, name: 'album' });
  const jpeg = Buffer.concat([await photograph(), Buffer.from('<script>hidden</script>')]);
  const url = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
  const since = await alice.latest();
  for (const { id } of [file, folder]) {
    await alice.setThumbnail(id, url);
    const picture = await alice.thumbnail(id);
    assert.equal(await sizeOf(picture), '256 × 192 webp');
    assert.ok(typeof picture === 'object' && !Buffer.from(picture.bytes).includes('script'));
  }
  assert.deepEqual(
    (await alice.changes(since)).changes.map(({ op }) => op),
    ['updated', 'updated'],
  );
  for (const bad of [
    '',
    'data:image/png;base64,',
    'data:image/png;base64,AAAA',
    'data:text/html;base64,PHNjcmlwdD4=',
    'https://example.org/x.png',
    `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')}`,
    `data:image/png;base64,${pngSaying({ width: 60_000, height: 60_000 }).toString('base64')}`,
    `data:image/png;base64,${'A'.repeat(600_000)}`,
  ])
    await assert.rejects(alice.setThumbnail(file.id, bad), { code: 'thumbnail_invalid' }, bad.slice(0, 40));
  assert.equal(await sizeOf(await alice.thumbnail(file.id)), '256 × 192 webp', 'a refusal changes nothing');
  const flood = await Promise.allSettled(Array.from({ length: 60 }, () => alice.setThumbnail(file.id, url)));
  const refused = flood.filter((one) => one.status === 'rejected');
  assert.ok(refused.length > 0 && refused.every(({ reason }) => reason.code === 'too_busy'));
  await write(alice, 'song.mp3', 'lo lo lo', 'replace');
  await untilDerived(world);
  assert.equal(await alice.thumbnail(file.id), undefined);
  await alice.setThumbnail(folder.id, null);
  assert.equal(await alice.thumbnail(folder.id), undefined);
  await alice.setThumbnail(folder.id, url);
  await alice.deleteForever(folder.id);
  assert.deepEqual(await world.database.read.all(sql`SELECT entry FROM entry_picture LIMIT 10`), []);
});

test('only the first part of a large text is looked at', async (t) => {
  verifies('drive.derive.hostile');
  const world = await temporaryDrive(t, { options: { quiet: 0 } });
  const alice = world.drive.of('alice');
  async function* large() {
    yield Buffer.from('beginning ');
    const piece = Buffer.alloc(1 << 20, 'filler ');
    for (let index = 0; index < 100; index++) yield piece;
    yield Buffer.from(' ending');
  }
  await alice.writeFile({ parent: (await alice.root()).id, name: 'large.txt', content: large() });
  await untilDerived(world);
  const found = async (text: string) => (await alice.search({ text, in: 'content' })).entries.length;
  assert.deepEqual([await found('beginning'), await found('ending')], [1, 0]);
});
