import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { keyStream, sha256Of, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const MiB = 1 << 20;
const alice = { account: 'alice', app: undefined };
const check = async () => {};
const never = new AbortController().signal;

async function bytesOf(seed: string, size: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of keyStream(seed, size)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* pieces(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function open(t: TestContext, options: Parameters<typeof temporaryDrive>[1] = {}) {
  const temporary = await temporaryDrive(t, options);
  const { id: parent } = await temporary.drive.of('alice').root();
  const { uploads } = temporary.drive;
  const part = (id: string, number: number, bytes: Uint8Array) => uploads.writePart({ id, number, content: pieces(bytes), signal: never });
  return { ...temporary, parent, uploads, part };
}

const partOf = (bytes: Buffer, number: number) => bytes.subarray((number - 1) * 10 * MiB, number * 10 * MiB);

test('parts arrive in any order and at once, replace each other, and become one file without another pass', async (t) => {
  verifies('drive.uploads.parts');
  const { drive, uploads, part, parent, files } = await open(t);
  const bytes = await bytesOf('film', 32 * MiB + 12_345);
  const { id, partSize, partCount } = await uploads.begin({ by: alice, owner: 'alice', parent, name: 'film.mp4', size: bytes.length });
  assert.deepEqual([partSize, partCount], [10 * MiB, 4]);
  await part(id, 4, partOf(bytes, 4));
  await part(id, 2, Buffer.alloc(10 * MiB, 7));
  await Promise.all([part(id, 3, partOf(bytes, 3)), part(id, 1, partOf(bytes, 1)), part(id, 2, partOf(bytes, 2))]);
  assert.deepEqual((await uploads.find(id, alice)).received, [1, 2, 3, 4]);
  const { entry } = await uploads.complete(id, { check, by: alice });

  const { stream } = await drive.of('alice').read(entry.id);
  assert.equal(await sha256Of(stream), createHash('sha256').update(bytes).digest('hex'));
  const { cid } = await drive.of('alice').writeFile({ parent, name: 'same.mp4', content: pieces(bytes) });
  assert.equal(entry.cid, cid);
  assert.equal(files().length, 1);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('an upload outlives the node, and is found again by its fingerprint', async (t) => {
  verifies('drive.uploads.resume');
  const { drive, database, directory, uploads, part, parent } = await open(t);
  const bytes = await bytesOf('backup', 15 * MiB);
  const begin = { by: alice, owner: 'alice', parent, name: 'backup.tar', size: bytes.length, fingerprint: '1700000000000' };
  const { id } = await uploads.begin(begin);
  await part(id, 2, partOf(bytes, 2));
  await drive.stop();

  const again = openDrive({ database, directory, log: () => {}, now: () => 1_800_000_100_000 });
  await again.start();
  const found = await again.uploads.begin(begin);
  assert.deepEqual([found.id, found.received], [id, [2]]);
  assert.notEqual((await again.uploads.begin({ ...begin, fingerprint: 'another' })).id, id);
  await again.uploads.writePart({ id, number: 1, content: pieces(partOf(bytes, 1)), signal: never });
  const { entry } = await again.uploads.complete(id, { check, by: alice });
  assert.equal(await sha256Of((await again.of('alice').read(entry.id)).stream), createHash('sha256').update(bytes).digest('hex'));
  await again.stop();
});

test('a part that breaks off, is too long, too short or unknown counts for nothing', async (t) => {
  verifies('drive.uploads.parts');
  const { uploads, part, parent } = await open(t);
  const bytes = await bytesOf('x', 11 * MiB);
  const { id } = await uploads.begin({ by: alice, owner: 'alice', parent, name: 'x', size: bytes.length });
  const incomplete = { code: 'upload_incomplete' };
  await part(id, 1, partOf(bytes, 1));
  await assert.rejects(part(id, 1, partOf(bytes, 1).subarray(1)), incomplete);
  assert.deepEqual((await uploads.find(id, alice)).received, [], 'the bytes of the part before are no longer whole');
  await assert.rejects(part(id, 2, Buffer.alloc(MiB + 1)), incomplete);
  for (const number of [0, 3, -1, 1.5, Number.NaN]) await assert.rejects(part(id, number, Buffer.alloc(1)), incomplete);
  await assert.rejects(uploads.writePart({ id, number: 2, size: 5, content: pieces(bytes), signal: never }), incomplete);
  await assert.rejects(uploads.complete(id, { check, by: alice }), incomplete);
  for (const size of [-1, 1.5, Number.NaN, 2 ** 60])
    await assert.rejects(uploads.begin({ by: alice, owner: 'alice', parent, name: 'y', size }), /upload_incomplete|quota|whole/);
});

test('a part that is sent again ends the earlier one that has stalled', async (t) => {
  verifies('drive.uploads.resume');
  const { uploads, part, parent } = await open(t);
  const bytes = await bytesOf('x', 11 * MiB);
  const { id } = await uploads.begin({ by: alice, owner: 'alice', parent, name: 'x', size: bytes.length });
  let begun = Promise.withResolvers<void>();
  const stalled = async function* () {
    yield bytes.subarray(0, 100_000);
    begun.resolve();
    await new Promise(() => {});
  };
  const first = assert.rejects(uploads.writePart({ id, number: 1, content: stalled(), signal: never }), { code: 'upload_incomplete' });
  await begun.promise;
  await part(id, 1, partOf(bytes, 1));
  await first;
  begun = Promise.withResolvers<void>();
  const other = assert.rejects(uploads.writePart({ id, number: 2, content: stalled(), signal: never }), { code: 'upload_not_found' });
  await begun.promise;
  await assert.rejects(uploads.complete(id, { check, by: alice }), { code: 'upload_incomplete' });
  await other;
  await part(id, 2, partOf(bytes, 2));
  assert.equal((await uploads.complete(id, { check, by: alice })).entry.size, bytes.length);
});

test('it is completed once; afterwards, aborted or expired, it is gone and leaves nothing', async (t) => {
  verifies('drive.uploads.parts');
  const { drive, uploads, part, parent, files, clock } = await open(t);
  const bytes = await bytesOf('x', 2 * MiB);
  const begin = (name: string) => uploads.begin({ by: alice, owner: 'alice', parent, name, size: bytes.length });
  const { id } = await begin('x');
  await part(id, 1, bytes);
  const [one, same] = await Promise.all([uploads.complete(id, { check, by: alice }), uploads.complete(id, { check, by: alice })]);
  assert.deepEqual(one, same);
  await assert.rejects(uploads.complete(id, { check, by: { account: 'bob', app: undefined } }), { code: 'upload_not_found' });
  await assert.rejects(part(id, 1, bytes), { code: 'upload_not_found' });

  const aborted = await begin('y');
  await part(aborted.id, 1, bytes);
  await uploads.abort(aborted.id, alice);
  for (const ask of [
    () => uploads.complete(aborted.id, { check, by: alice }),
    () => part(aborted.id, 1, bytes),
    () => uploads.abort(aborted.id, alice),
  ])
    await assert.rejects(ask, { code: 'upload_not_found' });

  const left = await begin('z');
  assert.equal(files().length, 2);
  clock.now += 25 * 3_600_000;
  await assert.rejects(part(left.id, 1, bytes), { code: 'upload_not_found' });
  await uploads.sweep(never);
  assert.equal(files().length, 1);
  assert.deepEqual(
    (await drive.of('alice').list({ parent })).entries.map(({ name }) => name),
    ['x'],
  );
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('nobody else learns of an upload, not even another app of the same account', async (t) => {
  verifies('drive.uploads.parts');
  const { uploads, parent } = await open(t);
  const { id } = await uploads.begin({ by: { account: 'alice', app: 'app-1' }, owner: 'alice', parent, name: 'x', size: 3 });
  await uploads.writePart({ id, number: 1, content: textStream('abc'), signal: never });
  for (const by of [alice, { account: 'alice', app: 'app-2' }, { account: 'bob', app: 'app-1' }])
    for (const ask of [() => uploads.find(id, by), () => uploads.complete(id, { check, by }), () => uploads.abort(id, by)])
      await assert.rejects(ask, { code: 'upload_not_found' });
  assert.equal((await uploads.complete(id, { check, by: { account: 'alice', app: 'app-1' } })).entry.size, 3);
});

test('the quota counts what is under way at the start, and again in the end; a refusal keeps the upload', async (t) => {
  verifies('drive.uploads.parts');
  const { drive, uploads, part, parent } = await open(t, { options: { quota: 5 * MiB } });
  const handle = drive.of('alice');
  const bytes = await bytesOf('x', 3 * MiB);
  const begin = (name: string) => uploads.begin({ by: alice, owner: 'alice', parent, name, size: bytes.length });
  const { id } = await begin('x');
  await assert.rejects(begin('y'), { code: 'quota_exceeded' });
  await part(id, 1, bytes);
  const other = await handle.writeFile({ parent, name: 'z', content: pieces(Buffer.alloc(3 * MiB)) });
  await assert.rejects(uploads.complete(id, { check, by: alice }), { code: 'quota_exceeded' });
  await handle.deleteForever(other.id);
  const folder = await handle.createFolder({ parent, name: 'x' });
  await assert.rejects(uploads.complete(id, { check, by: alice }), { code: 'name_taken' });
  await assert.rejects(uploads.complete(id, { check, by: alice, onConflict: 'replace' }), { code: 'not_a_file' });
  assert.equal((await uploads.complete(id, { check, by: alice, onConflict: 'rename' })).entry.name, 'x (2)');
  await handle.deleteForever(folder.id);
});

test('an empty and a small file are kept in the database until they are complete', async (t) => {
  const { drive, uploads, part, parent, files } = await open(t);
  const empty = await uploads.begin({ by: alice, owner: 'alice', parent, name: 'empty', size: 0 });
  assert.equal((await uploads.complete(empty.id, { check, by: alice })).entry.size, 0);
  const small = await uploads.begin({ by: alice, owner: 'alice', parent, name: 'small', size: 5 });
  const { etag } = await part(small.id, 1, Buffer.from('hello'));
  await assert.rejects(uploads.complete(small.id, { check, by: alice, etags: new Map([[1, 'other']]) }), { code: 'upload_incomplete' });
  const { entry } = await uploads.complete(small.id, { check, by: alice, etags: new Map([[1, etag]]) });
  assert.equal(entry.cid, (await drive.of('alice').writeFile({ parent, name: 'same', content: textStream('hello') })).cid);
  assert.deepEqual(files(), []);
});

test('parts of a large file belong to the node that began it, and another one says so', async (t) => {
  verifies('drive.uploads.resume');
  const { uploads, part, parent, files } = await open(t);
  const bytes = await bytesOf('x', 11 * MiB);
  const begin = { by: alice, owner: 'alice', parent, name: 'x', size: bytes.length, fingerprint: 'f' };
  const { id } = await uploads.begin(begin);
  await part(id, 1, partOf(bytes, 1));
  const [file = ''] = files();
  rmSync(file);
  await assert.rejects(part(id, 2, partOf(bytes, 2)), { code: 'upload_elsewhere', status: 409 });
  await assert.rejects(part(id, 1, partOf(bytes, 1)), { code: 'upload_elsewhere' });
  const again = await uploads.begin(begin);
  assert.notEqual(again.id, id, 'here it begins anew');
  await uploads.abort(id, alice);
});
