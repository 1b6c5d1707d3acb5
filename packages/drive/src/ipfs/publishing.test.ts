import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { sql, type Database, type Statement } from '@freehold/database';
import { CarReader } from '@ipld/car';
import { CID } from 'multiformats/cid';
import { verifies } from '../../../../requirements/verifies.ts';
import { openDrive, type DriveHandle } from '../drive.ts';
import { carWith, folderBlock, rawBlock } from '../testing/car.ts';
import { keyStream, textStream } from '../testing/key-stream.ts';
import { storages, temporaryDrive } from '../testing/temporary-drive.ts';
import type { Blocks } from './blocks.ts';
import { carOf } from './car-write.ts';
import { asFile, readFile } from './read-file.ts';
import { childrenOf, loadNode, resolvePath } from './resolve.ts';

const MiB = 1 << 20;
const bytesOf = async (stream: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(stream));

/** A folder with files of one and of several blocks, a folder, and an empty file. */
async function site(handle: DriveHandle) {
  const { id: root } = await handle.root();
  const folder = await handle.createFolder({ parent: root, name: 'site' });
  const inner = await handle.createFolder({ parent: folder.id, name: 'pictures' });
  const put = (parent: string, name: string, content: AsyncIterable<Uint8Array>) => handle.writeFile({ parent, name, content });
  const files = {
    page: await put(folder.id, 'index.html', textStream('<h1>Hello</h1>')),
    empty: await put(folder.id, 'empty', textStream('')),
    hidden: await put(folder.id, '.env', textStream('secret')),
    large: await put(inner.id, 'large.bin', keyStream('large', 3 * MiB + 17)),
    one: await put(inner.id, 'one.bin', keyStream('one', 200_000)),
  };
  return { folder, inner, files };
}

async function contentAt(blocks: Blocks, root: string, path: string) {
  const found = await resolvePath(blocks, CID.parse(root), path.split('/').filter(Boolean));
  return bytesOf(readFile(blocks, asFile(found)));
}

const rowsIn = async (database: Database, table: Statement) =>
  (await database.read.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM ${table}`))?.count;

const isMissing = (blocks: Blocks, cid: string) => blocks.get(CID.parse(cid)).then((found) => found === undefined);

test('a published folder is found by its CID and by the CIDs of everything in it, and by nothing else', async (t) => {
  verifies('drive.ipfs.publish', 'drive.ipfs.private');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { folder, inner, files } = await site(alice);
  const { blocks } = drive.published;
  for (const { cid } of Object.values(files)) assert.ok(await isMissing(blocks, cid ?? ''), 'nothing is public before it is published');

  const made = await alice.ipfs.publish(folder.id);
  assert.deepEqual(made, { ...made, kind: 'folder', name: 'site', entry: folder.id, files: 4, size: 3 * MiB + 17 + 200_000 + 14 });
  assert.equal((await alice.ipfs.rootOf(folder.id)).root.toString(), made.root);
  assert.equal((await contentAt(blocks, made.root, 'index.html')).toString(), '<h1>Hello</h1>');
  assert.deepEqual(await contentAt(blocks, made.root, 'pictures/large.bin'), await bytesOf(keyStream('large', 3 * MiB + 17)));
  assert.equal((await contentAt(blocks, made.root, 'empty')).length, 0);
  assert.equal((await contentAt(blocks, files.large.cid ?? '', '')).length, 3 * MiB + 17);
  await assert.rejects(contentAt(blocks, made.root, '.env'), { code: 'content_not_found' });
  assert.ok(await isMissing(blocks, files.hidden.cid ?? ''), 'what begins with a dot is left out');
  const root = await loadNode(blocks, CID.parse(made.root));
  assert.deepEqual(
    (await Array.fromAsync(childrenOf(blocks, root))).map(({ name }) => name),
    ['empty', 'index.html', 'pictures'],
  );
  const { root: nested } = await alice.ipfs.rootOf(inner.id);
  assert.notEqual(await blocks.size(nested), undefined);

  await alice.ipfs.unpublish(made.id);
  assert.deepEqual((await alice.ipfs.publications()).publications, []);
  for (const cid of [made.root, nested.toString(), ...Object.values(files).map((file) => file.cid ?? '')])
    assert.ok(await isMissing(blocks, cid));
  await assert.rejects(alice.ipfs.unpublish(made.id), { code: 'publication_not_found' });
  assert.deepEqual(await drive.audit(), []);
});

for (const storage of storages)
  test(`what is published stays while the files change or go, and is renewed on purpose: ${storage}`, async (t) => {
    verifies('drive.ipfs.publish');
    const { drive, clock, files: onDisk } = await temporaryDrive(t, { storage, options: { grace: 1000 } });
    const alice = drive.of('alice');
    const { folder, inner, files } = await site(alice);
    const first = await alice.ipfs.publish(folder.id);
    assert.deepEqual(await alice.ipfs.publish(folder.id), first, 'nothing changed, nothing is made');
    const used = (await alice.usage()).used;

    await alice.writeFile({ parent: folder.id, name: 'index.html', content: textStream('new'), onConflict: 'replace' });
    await alice.deleteForever(inner.id);
    clock.now += 10_000;
    await drive.sweep();
    assert.equal((await contentAt(drive.published.blocks, first.root, 'index.html')).toString(), '<h1>Hello</h1>');
    assert.equal((await contentAt(drive.published.blocks, first.root, 'pictures/large.bin')).length, 3 * MiB + 17);
    assert.deepEqual(await drive.audit({ rehash: true }), [], 'references of publications are counted');
    assert.ok((await alice.usage()).used < used, 'publications are not counted towards the quota of the files');

    const second = await alice.ipfs.publish(folder.id);
    assert.notEqual(second.root, first.root);
    assert.deepEqual((await alice.ipfs.publications()).publications, [second]);
    assert.ok(await isMissing(drive.published.blocks, first.root), 'the earlier one is gone');
    assert.equal((await contentAt(drive.published.blocks, second.root, 'index.html')).toString(), 'new');
    clock.now += 10_000;
    await drive.sweep();
    assert.deepEqual(onDisk(), [], 'content that nothing keeps any more is collected');
    assert.ok(await isMissing(drive.published.blocks, files.large.cid ?? ''));
    assert.deepEqual(await drive.audit({ rehash: true }), []);
  });

test('content in two publications goes with the last of them', async (t) => {
  verifies('drive.ipfs.private');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const publish = async (handle: DriveHandle) => {
    const { id: parent } = await handle.root();
    const { id, cid = '' } = await handle.writeFile({ parent, name: 'x', content: keyStream('same', 2 * MiB) });
    return { cid, made: await handle.ipfs.publish(id) };
  };
  const one = await publish(alice);
  const other = await publish(bob);
  assert.equal(one.cid, other.made.root);
  await assert.rejects(bob.ipfs.unpublish(one.made.id), { code: 'publication_not_found' });
  await assert.rejects(bob.ipfs.publication(one.made.id), { code: 'publication_not_found' });
  await alice.ipfs.unpublish(one.made.id);
  assert.equal((await contentAt(drive.published.blocks, one.cid, '')).length, 2 * MiB);
  await bob.ipfs.unpublish(other.made.id);
  assert.ok(await isMissing(drive.published.blocks, one.cid));
});

test('a drive may publish as much as its quota and no more, and what was refused leaves nothing', async (t) => {
  verifies('drive.ipfs.publish');
  const { drive, database } = await temporaryDrive(t, { options: { quota: 3 * MiB } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const published: string[] = [];
  for (let round = 0; round < 3; round++) {
    const { id } = await alice.writeFile({ parent, name: `${round}`, content: keyStream(`${round}`, MiB + 1) });
    if (round < 2) published.push((await alice.ipfs.publish(id)).id);
    else await assert.rejects(alice.ipfs.publish(id), { code: 'quota_exceeded' });
    await alice.deleteForever(id);
  }
  assert.equal((await alice.ipfs.publications()).publications.length, 2);
  assert.equal(await rowsIn(database, sql`publication`), 2);
  for (const id of published) await alice.ipfs.unpublish(id);
  assert.equal(await rowsIn(database, sql`block`), 0);
  assert.deepEqual(await drive.audit(), []);
});

test('the whole drive, what is in the trash and what is gone are not published', async (t) => {
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  await assert.rejects(alice.ipfs.publish(parent), { code: 'publish_refused' });
  const { id } = await alice.createFolder({ parent, name: 'x' });
  await alice.trash(id);
  await assert.rejects(alice.ipfs.publish(id), { code: 'entry_in_trash' });
  await alice.emptyTrash();
  await assert.rejects(alice.ipfs.publish(id), { code: 'entry_not_found' });
});

test('a crash in the middle of publishing shows nothing, and is cleaned up after', async (t) => {
  verifies('drive.ipfs.private');
  const { drive, database, directory, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { folder, files } = await site(alice);
  const made = await alice.ipfs.publish(folder.id);
  await database.transaction((tx) => tx.run(sql`UPDATE publication SET live = 0`));
  assert.ok(await isMissing(drive.published.blocks, made.root));
  assert.ok(await isMissing(drive.published.blocks, files.page.cid ?? ''));
  clock.now += 3_600_000;
  const swept = Promise.withResolvers<unknown>();
  const next = openDrive({ database, directory, now: () => clock.now, log: (event) => swept.resolve(event) });
  await next.start();
  await swept.promise;
  await next.stop();
  for (const table of [sql`publication`, sql`pinned`, sql`block`]) assert.equal(await rowsIn(database, table), 0);
  assert.deepEqual(await drive.audit(), []);
});

test('a folder of 10,000 files is published, sharded, with every file found by its path', { timeout: 120_000 }, async (t) => {
  verifies('drive.ipfs.publish');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const folder = await alice.createFolder({ parent, name: 'many' });
  const names = Array.from({ length: 10_000 }, (_, index) => `file number ${index}.txt`);
  for (let start = 0; start < names.length; start += 100)
    await Promise.all(
      names.slice(start, start + 100).map((name) => alice.writeFile({ parent: folder.id, name, content: textStream(name) })),
    );
  const before = performance.now();
  const made = await alice.ipfs.publish(folder.id);
  t.diagnostic(`published in ${Math.round(performance.now() - before)} ms`);
  assert.equal(made.files, 10_000);
  const root = await loadNode(drive.published.blocks, CID.parse(made.root));
  assert.equal(root.node.kind, 'shard');
  const found = (await Array.fromAsync(childrenOf(drive.published.blocks, root))).map(({ name }) => name);
  assert.deepEqual(new Set(found), new Set(names));
  for (const index of [0, 1, 4999, 9999]) {
    const name = names[index] ?? '';
    assert.equal((await contentAt(drive.published.blocks, made.root, name)).toString(), name);
  }
  await assert.rejects(contentAt(drive.published.blocks, made.root, 'file number 10000.txt'), { code: 'content_not_found' });
});

test('an entry is exported as a CAR that the reference reader takes, published or not', async (t) => {
  verifies('drive.ipfs.car');
  const { drive, database } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { folder, files } = await site(alice);
  const car = await alice.ipfs.lend(folder.id, {}, async ({ root, blocks }) =>
    bytesOf(carOf(blocks, await resolvePath(blocks, root, []), { scope: 'all', duplicates: false })),
  );
  const reader = await CarReader.fromBytes(car);
  const [root] = await reader.getRoots();
  assert.equal(root?.toString(), (await alice.ipfs.rootOf(folder.id, { hidden: true })).root.toString());
  const cids = (await Array.fromAsync(reader.cids())).map((cid) => cid.toString());
  assert.equal(cids[0], root?.toString(), 'the root comes first');
  for (const { cid } of Object.values(files)) assert.ok(cids.includes(cid ?? ''));
  assert.equal(new Set(cids).size, cids.length, 'no block twice');
  assert.ok(await isMissing(drive.published.blocks, root?.toString() ?? ''), 'lending is not publishing');
  assert.equal(await rowsIn(database, sql`publication`), 0);
  assert.deepEqual(await drive.audit(), []);
});

test('a CAR file is published under the CIDs that are in it, and only if it is one', async (t) => {
  verifies('drive.ipfs.publish', 'drive.ipfs.private');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const leaf = rawBlock('inside');
  const root = folderBlock([{ name: 'a', cid: leaf.cid }]);
  const upload = (name: string, bytes: Uint8Array) => alice.writeFile({ parent, name, content: Readable.from([bytes]) });
  const file = await upload('x.car', await carWith([root.cid], [leaf, root]));
  const made = await alice.ipfs.publishCar(file.id);
  assert.deepEqual(made, { ...made, kind: 'car', root: root.cid.toString() });
  assert.equal((await contentAt(drive.published.blocks, made.root, 'a')).toString(), 'inside');
  assert.ok(await isMissing(drive.published.blocks, file.cid ?? ''), 'the file itself is not published');
  const whole = await alice.ipfs.publish(file.id);
  assert.equal(whole.root, file.cid);
  assert.ok(await isMissing(drive.published.blocks, made.root), 'one publication of an entry takes the place of another');

  for (const [bytes, reason] of [
    [Buffer.from('no car'), /middle of a block/],
    [await carWith([root.cid], [leaf]), /root is missing/],
    [await carWith([root.cid], [root, { cid: leaf.cid, bytes: Buffer.from('forged') }]), /not the ones/],
    [(await carWith([root.cid], [root, leaf])).subarray(0, -1), /ends in the middle/],
  ] as const) {
    const { id } = await alice.writeFile({ parent, name: 'bad.car', content: Readable.from([bytes]), onConflict: 'rename' });
    await assert.rejects(alice.ipfs.publishCar(id), { code: 'car_invalid', message: reason });
  }
  await assert.rejects(alice.ipfs.publishCar((await alice.createFolder({ parent, name: 'folder' })).id), { code: 'not_a_file' });
  assert.equal((await alice.ipfs.publications()).publications.length, 1);
  await alice.deleteForever(file.id);
  assert.deepEqual(await drive.audit(), []);
});

test('a shortcut is not published with the folder it is in', async (t) => {
  const { drive, database } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { folder, files } = await site(alice);
  const { root } = await alice.ipfs.rootOf(folder.id);
  const { id } = await alice.writeFile({ parent: folder.id, name: 'shortcut', content: textStream('') });
  await database.transaction((tx) => tx.run(sql`UPDATE entry SET target = ${files.page.id} WHERE id = ${id}`));
  assert.equal((await alice.ipfs.rootOf(folder.id)).root.toString(), root.toString());
});
