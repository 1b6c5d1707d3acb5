import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '@freehold/database';
import { verifies } from '../../../../requirements/verifies.ts';
import { openDrive } from '../drive.ts';
import { openBucket, type BucketOptions } from './s3.ts';
import { keyStream, sha256Of } from '../testing/key-stream.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';

const content = () => keyStream('object', 200_000);

test('a deletion that arrives late, after the same content was stored again, meets a key that nothing names', async (t) => {
  verifies('drive.scale.objects');
  const { drive, bucket, files } = await temporaryDrive(t, { storage: 's3', options: { grace: 0 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const first = await alice.writeFile({ parent, name: 'x', content: content() });
  await alice.deleteForever(first.id);
  const arrived = Promise.withResolvers<void>();
  const late = Promise.withResolvers<void>();
  bucket?.intercept(async ({ method }) => {
    if (method !== 'DELETE') return false;
    arrived.resolve();
    await late.promise;
    return false;
  });
  const sweeping = drive.sweep();
  await arrived.promise;
  const again = await alice.writeFile({ parent, name: 'x', content: content() });
  late.resolve();
  assert.equal((await sweeping).collected, 1);
  assert.equal(await sha256Of((await alice.read(again.id)).stream), await sha256Of(content()));
  assert.equal(files().length, 1);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('content that is collected between its upload and the commit is uploaded again, and an abandoned upload is cleaned up', async (t) => {
  verifies('drive.scale.objects');
  const { drive, bucket, files, clock } = await temporaryDrive(t, { storage: 's3' });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  let uploads = 0;
  bucket?.intercept(async ({ method }) => {
    if (method !== 'PUT') return false;
    uploads += 1;
    if (uploads > 1) return false;
    // Another node takes this upload for abandoned while its bytes are still on their way.
    clock.now += 48 * 3_600_000;
    await drive.sweep();
    return false;
  });
  const { id } = await alice.writeFile({ parent, name: 'x', content: content() });
  bucket?.intercept(undefined);
  assert.equal(uploads, 2);
  assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(content()));
  assert.equal(files().length, 1, 'the object of the first upload is gone');
});

test('content that is there already is not sent again', async (t) => {
  verifies('drive.scale.objects');
  const { drive, bucket } = await temporaryDrive(t, { storage: 's3' });
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  let uploads = 0;
  bucket?.intercept(({ method }) => {
    if (method === 'PUT') uploads += 1;
    return false;
  });
  for (const who of [alice, bob]) await who.writeFile({ parent: (await who.root()).id, name: 'x', content: content() });
  assert.equal(uploads, 1);
});

test('a flipped, a truncated and a missing object are found and not given out; the same content sent again repairs each', async (t) => {
  verifies('drive.scale.objects');
  const { drive, files } = await temporaryDrive(t, { storage: 's3' });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const write = (name: string) => alice.writeFile({ parent, name, content: keyStream(name, 200_000), onConflict: 'replace' });
  const entries = [await write('flipped'), await write('cut'), await write('gone')];
  const pathOf = (cid: string | undefined) => files().find((path) => path.includes(`${cid}`)) ?? '';
  const [flipped = '', cut = '', gone = ''] = entries.map(({ cid }) => pathOf(cid));
  writeFileSync(flipped, Buffer.alloc(200_000));
  truncateSync(cut, 100_000);
  rmSync(gone);
  await assert.rejects(alice.read(entries[1]?.id ?? ''), { code: 'content_damaged' });
  await assert.rejects(alice.read(entries[2]?.id ?? ''), { code: 'content_damaged' });
  await drive.scrub();
  assert.equal((await drive.damage()).length, 3);
  for (const { name, id } of entries) {
    await assert.rejects(alice.read(id), { code: 'content_damaged' });
    await write(name);
    assert.equal(await sha256Of((await alice.read(id)).stream), await sha256Of(keyStream(name, 200_000)));
  }
  assert.deepEqual(await drive.audit({ rehash: true }), []);
  await drive.sweep();
  assert.equal(files().length, 3);
});

test('an upload that the endpoint refuses stores nothing; a refusal after the upload leaves no object', async (t) => {
  verifies('drive.scale.objects');
  const { drive, bucket, files } = await temporaryDrive(t, { storage: 's3' });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  bucket?.intercept(({ method }, response) => {
    if (method !== 'PUT') return false;
    response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    return true;
  });
  await assert.rejects(alice.writeFile({ parent, name: 'x', content: content() }), { code: 'storage_failed', status: 500 });
  bucket?.intercept(undefined);
  assert.deepEqual((await alice.list({ parent })).entries, []);
  const both = await Promise.allSettled([1, 2].map(() => alice.writeFile({ parent, name: 'y', content: content() })));
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(files().length, 1);
  assert.deepEqual(await drive.audit(), []);
});

test('a drive refuses a bucket that does not hold its content, and accepts one into which its files were copied', async (t) => {
  verifies('drive.scale.objects');
  const { database, directory, bucket, drive } = await temporaryDrive(t, { storage: 's3' });
  const alice = drive.of('alice');
  const { id } = await alice.writeFile({ parent: (await alice.root()).id, name: 'x', content: content() });
  const options = bucket?.options;
  assert(options);
  const open = (deps: Partial<Parameters<typeof openDrive>[0]>) => openDrive({ database, directory, log: () => {}, ...deps });
  await assert.rejects(open({ bucket: { ...options, prefix: 'elsewhere' } }).start(), { code: 'content_elsewhere' });
  await assert.rejects(open({}).start(), { code: 'content_elsewhere' });

  const second = open({ bucket: options });
  await second.start();
  assert.equal(await sha256Of((await second.of('alice').read(id)).stream), await sha256Of(content()));
  await second.stop();

  const folder = mkdtempSync(join(tmpdir(), 'freehold-move-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const plain = await openDatabase({ path: join(folder, 'node.db') });
  t.after(() => plain.close());
  const files = openDrive({ database: plain, directory: folder, log: () => {} });
  await files.start();
  const bob = files.of('bob');
  const kept = await bob.writeFile({ parent: (await bob.root()).id, name: 'y', content: keyStream('moved', 300_000) });
  await files.stop();
  const moved = (prefix: string) => openDrive({ database: plain, directory: folder, bucket: { ...options, prefix }, log: () => {} });
  await assert.rejects(moved('moved').start(), { code: 'content_elsewhere', message: /first copy everything in the folder drive\/blobs/ });
  for (const path of await copyToBucket(join(folder, 'blobs'), { ...options, prefix: 'moved' })) await rename(path, `${path}.copied`);
  const there = moved('moved');
  await there.start();
  assert.equal(await sha256Of((await there.of('bob').read(kept.id)).stream), await sha256Of(keyStream('moved', 300_000)));
  assert.deepEqual(await there.audit({ rehash: true }), []);
  await there.stop();
});

/** What `rclone copy` does. */
async function copyToBucket(folder: string, options: BucketOptions): Promise<string[]> {
  const bucket = openBucket(options);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name));
  for (const path of paths) await bucket.put(relative(folder, path), { path, size: statSync(path).size });
  return paths;
}
