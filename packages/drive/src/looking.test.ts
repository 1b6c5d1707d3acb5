import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changePage, entry } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { mediaTypeOf } from './media-type.ts';
import { keyStream, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

test('ranges give exactly the bytes asked for, of small and of large files', async (t) => {
  verifies('foundation.drive.stream');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (const size of [10, 65_536, 65_537, 2_500_000]) {
    const all = Buffer.concat(await Array.fromAsync(keyStream('range', size)));
    const { id, cid } = await alice.writeFile({ parent, name: `${size}`, content: keyStream('range', size) });
    const bytes = async (range?: Parameters<typeof alice.read>[1]) => {
      const read = await alice.read(id, range);
      const body = Buffer.concat((await read.stream.toArray()) as Buffer[]);
      assert.deepEqual([read.size, read.etag, read.length], [size, cid, body.length]);
      assert.deepEqual(body, all.subarray(read.start, read.start + read.length));
      return [read.start, read.length];
    };
    assert.deepEqual(await bytes(), [0, size]);
    assert.deepEqual(await bytes({ range: { start: 0, end: 0 } }), [0, 1]);
    assert.deepEqual(await bytes({ range: { start: 3, end: 6 } }), [3, 4]);
    assert.deepEqual(await bytes({ range: { start: size - 1 } }), [size - 1, 1]);
    assert.deepEqual(await bytes({ range: { start: 2, end: size * 2 } }), [2, size - 2], 'an end behind the end is the end');
    assert.deepEqual(await bytes({ range: { last: 4 } }), [size - 4, 4]);
    assert.deepEqual(await bytes({ range: { last: size * 2 } }), [0, size]);
    for (const range of [{ start: size }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }, { last: 0 }, { start: Number.NaN }])
      await assert.rejects(alice.read(id, { range }), { code: 'range_not_satisfiable', status: 416, details: { size } });
  }
});

test('an empty file has no range, and a folder has no content', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const empty = await alice.writeFile({ parent, name: 'empty', content: textStream('') });
  assert.deepEqual(await (await alice.read(empty.id)).stream.toArray(), []);
  await assert.rejects(alice.read(empty.id, { range: { start: 0 } }), { code: 'range_not_satisfiable' });
  await assert.rejects(alice.read(parent), { code: 'not_a_file', status: 409 });
  await assert.rejects(alice.list({ parent: empty.id }), { code: 'not_a_folder', status: 409 });
});

test('a download goes on undisturbed while its file is replaced, deleted and collected', async (t) => {
  const { drive } = await temporaryDrive(t, { options: { grace: 0, keepVersions: 0 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const { id } = await alice.writeFile({ parent, name: 'x', content: keyStream('old', 3_000_000) });
  const { stream } = await alice.read(id);
  await alice.writeFile({ parent, name: 'x', content: keyStream('new', 10), onConflict: 'replace' });
  await alice.deleteForever(id);
  assert.equal((await drive.sweep()).collected, 2);
  assert.deepEqual(Buffer.concat((await stream.toArray()) as Buffer[]), Buffer.concat(await Array.fromAsync(keyStream('old', 3_000_000))));
});

test('a folder is listed in pages, each entry once, in one order, also while it changes', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const names = Array.from({ length: 45 }, (_, index) => `${index % 2 ? 'é' : 'E'}-${index}`);
  await Promise.all(names.map((name) => alice.createFolder({ parent, name })));
  const seen: string[] = [];
  let after = '';
  for (;;) {
    const page = await alice.list({ parent, after, limit: 10 });
    assert.ok(page.entries.length <= 10);
    seen.push(...page.entries.map(({ name }) => name));
    if (page.next === undefined) break;
    after = page.next;
    await alice.createFolder({ parent, name: `0-before-${seen.length}` });
  }
  assert.deepEqual(seen, names.sort());
  assert.equal((await alice.list({ parent })).next, undefined);
});

test('paths name entries, whatever the form of their accents', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  let parent = (await alice.root()).id;
  const names = Array.from({ length: 40 }, (_, index) => (index === 3 ? 'e\u0301' : `level ${index}`));
  for (const name of names) ({ id: parent } = await alice.createFolder({ parent, name }));
  assert.equal((await alice.stat(`/${names.join('/')}`)).id, parent);
  assert.equal((await alice.stat(`//${names.join('//').normalize('NFC')}/`)).id, parent);
  assert.equal(await alice.path(parent), `/${names.join('/')}`);
  assert.equal((await alice.stat('/')).id, (await alice.root()).id);
  for (const path of ['/nothing', '/level 0/nothing', '/level 0/../level 0', `/${names.join('/')}/x/y`])
    await assert.rejects(alice.stat(path), { code: 'entry_not_found', status: 404 });
});

test('what is answered is what the protocol says', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const root = await alice.root();
  const file = await alice.writeFile({ parent: root.id, name: 'photo.JPG', content: textStream('x') });
  assert.equal(file.mediaType, 'image/jpeg');
  for (const answer of [root, file, await alice.stat('/photo.JPG'), await alice.trash(file.id)])
    assert.deepEqual(entry.strict().parse(structuredClone(answer)), answer);
  const changes = await alice.changes(0);
  assert.deepEqual(changePage.strict().parse(changes), changes);
});

test('media types are guessed from the ending', () => {
  assert.equal(mediaTypeOf('a.tar.gz'), 'application/gzip');
  assert.equal(mediaTypeOf('INDEX.HTML'), 'text/html');
  for (const name of ['README', 'png', 'a.', 'a.constructor', 'a.unknown', ''])
    assert.equal(mediaTypeOf(name), 'application/octet-stream', name);
});
