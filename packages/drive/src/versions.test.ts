import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import type { DriveHandle } from './index.ts';
import { keyStream, sha256Of, textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const text = async (stream: AsyncIterable<unknown>) => Buffer.concat((await Array.fromAsync(stream)) as Buffer[]).toString();
const numbers = async (handle: DriveHandle, id: string) => (await handle.versions(id)).map(({ number }) => number);

/** A file with the contents given, one after another. */
async function written(handle: DriveHandle, contents: string[], name = 'file.txt') {
  const { id: parent } = await handle.root();
  let id = '';
  for (const content of contents) ({ id } = await handle.writeFile({ parent, name, content: textStream(content), onConflict: 'replace' }));
  return id;
}

test('earlier contents are listed, read in ranges, and restored without losing anything', async (t) => {
  verifies('drive.versions', 'cloud.files.versions');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const id = await written(alice, ['first', 'the second', 'third!']);
  const [second, first] = await alice.versions(id);
  assert.deepEqual([second?.number, second?.size, first?.number, first?.size], [2, 10, 1, 5]);
  assert.ok((first?.replacedAt ?? 0) > (first?.modifiedAt ?? 0));
  assert.deepEqual(
    (await alice.versions(id, { before: 2 })).map(({ number }) => number),
    [1],
  );

  const whole = await alice.readVersion(id, 1);
  assert.deepEqual(
    [await text(whole.stream), whole.etag, whole.entry.name, whole.entry.cid],
    ['first', first?.cid, 'file.txt', first?.cid],
  );
  const part = await alice.readVersion(id, 2, { range: { start: 4, end: 7 } });
  assert.deepEqual([await text(part.stream), part.start, part.length, part.size], ['seco', 4, 4, 10]);
  assert.equal(await text((await alice.readVersion(id, 2, { range: { last: 3 } })).stream), 'ond');
  await assert.rejects(alice.readVersion(id, 1, { range: { start: 5 } }), { code: 'range_not_satisfiable', status: 416 });
  for (const number of [0, 3, -1, 1.5, Number.NaN])
    await assert.rejects(alice.readVersion(id, number), { code: 'version_not_found', status: 404 });

  const restored = await alice.restoreVersion(id, 1);
  assert.deepEqual([restored.id, restored.cid, restored.size], [id, first?.cid, 5]);
  assert.equal(await text((await alice.read(id)).stream), 'first');
  assert.deepEqual(await numbers(alice, id), [3, 2, 1], 'what was there became version 3, and version 1 is still in the list');
  assert.equal(await text((await alice.readVersion(id, 3)).stream), 'third!');
  assert.equal((await alice.usage()).used, 5 + 6 + 10 + 5);
  assert.equal((await alice.changes(0)).changes.at(-1)?.op, 'updated');

  await alice.restoreVersion(id, 1);
  assert.deepEqual(await numbers(alice, id), [3, 2, 1], 'the content it has already makes no version');
  await alice.trash(id);
  assert.equal(await text((await alice.readVersion(id, 2)).stream), 'the second', 'one may look at what is in the trash');
  await assert.rejects(alice.restoreVersion(id, 2), { code: 'entry_in_trash', status: 409 });
  await alice.deleteForever(id);
  assert.deepEqual(await alice.usage(), { used: 0, quota: 100 * 2 ** 30 });
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('a version is deleted for good and its number never comes back', async (t) => {
  verifies('drive.versions');
  const { drive } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const id = await written(alice, ['a', 'bb', 'ccc']);
  await alice.deleteVersion(id, 2);
  assert.deepEqual(await numbers(alice, id), [1]);
  assert.equal((await alice.usage()).used, 3 + 1);
  await assert.rejects(alice.deleteVersion(id, 2), { code: 'version_not_found' });
  await written(alice, ['dddd']);
  assert.deepEqual(await numbers(alice, id), [3, 1]);
  assert.deepEqual(await drive.audit(), []);
});

test('a version with a name is kept however many come after it', async (t) => {
  verifies('drive.versions', 'drive.retention');
  const { drive, clock } = await temporaryDrive(t, { options: { keepVersions: 2, keepVersionDays: 10 } });
  const alice = drive.of('alice');
  const id = await written(alice, ['draft', 'x']);
  assert.equal((await alice.nameVersion(id, 1, 'What I sent to the printer')).name, 'What I sent to the printer');
  await written(alice, ['1', '2', '3', '4']);
  assert.deepEqual(await numbers(alice, id), [5, 4, 1]);
  clock.now += 11 * 86_400_000;
  await drive.tidy();
  assert.deepEqual(await numbers(alice, id), [1], 'also when it becomes old');
  await alice.nameVersion(id, 1, null);
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 1 });
  assert.deepEqual(await numbers(alice, id), []);
  await assert.rejects(alice.nameVersion(id, 1, 'gone'), { code: 'version_not_found' });
  assert.deepEqual(await drive.audit(), []);
});

test('a drive keeps as many versions, for as many days, as it says', async (t) => {
  verifies('drive.retention');
  const day = 86_400_000;
  const { drive, clock } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  assert.deepEqual(await alice.retention(), { versions: 20, versionDays: 365, trashDays: 30 });
  const many = await written(
    alice,
    Array.from({ length: 30 }, (_, index) => `${index}`),
  );
  assert.equal((await alice.versions(many)).length, 20);
  const kept = await written(
    bob,
    Array.from({ length: 10 }, (_, index) => `${index}`),
  );

  assert.deepEqual(await alice.setRetention({ versions: 3 }), { versions: 3, versionDays: 365, trashDays: 30 });
  await written(alice, ['next']);
  assert.deepEqual(await numbers(alice, many), [30, 29, 28], 'enforced on write');
  await alice.setRetention({ versions: 1, versionDays: 0 });
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 2 });
  assert.deepEqual(await numbers(alice, many), [30], 'and in the background');
  clock.now += 400 * day;
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 9 }, 'those of bob are too old, of alice they are for ever');
  assert.deepEqual([(await bob.versions(kept)).length, (await alice.versions(many)).length], [0, 1]);

  await alice.setRetention({ versions: 0 });
  await written(alice, ['no', 'more', 'versions']);
  assert.deepEqual(await numbers(alice, many), []);
  assert.equal((await alice.usage()).used, 'versions'.length);
  assert.deepEqual(await alice.setRetention({ versions: null, versionDays: null }), { versions: 20, versionDays: 365, trashDays: 30 });
  assert.deepEqual(await drive.audit(), []);
});

test('versions of many files and of one file are pruned in slices', async (t) => {
  verifies('drive.retention');
  const { drive, clock } = await temporaryDrive(t, { options: { keepVersions: 1000 } });
  const alice = drive.of('alice');
  const id = await written(
    alice,
    Array.from({ length: 450 }, (_, index) => `${index}`),
  );
  assert.equal((await alice.versions(id, { limit: 1000 })).length, 449);
  await alice.setRetention({ versions: 10 });
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 439 });
  clock.now += 366 * 86_400_000;
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 10 });
  assert.deepEqual(await drive.audit(), []);
});

test('restoring and replacing at the edge of the quota, to the byte', async (t) => {
  verifies('drive.quota');
  const { drive } = await temporaryDrive(t, { options: { keepVersions: 2 } });
  const alice = drive.of('alice');
  const id = await written(alice, ['x'.repeat(100), 'y'.repeat(50)]);
  await drive.setQuota('alice', 249);
  await assert.rejects(alice.restoreVersion(id, 1), { code: 'quota_exceeded', status: 507 });
  assert.deepEqual(await numbers(alice, id), [1], 'nothing of the attempt stays');
  assert.deepEqual(await alice.usage(), { used: 150, quota: 249 });
  await drive.setQuota('alice', 250);
  await alice.restoreVersion(id, 1);
  assert.deepEqual(await alice.usage(), { used: 250, quota: 250 });

  await assert.rejects(written(alice, ['z'.repeat(101)]), { code: 'quota_exceeded' });
  await assert.rejects(written(alice, ['z'], 'other.txt'), { code: 'quota_exceeded' });
  await alice.setRetention({ versions: 1 });
  await alice.restoreVersion(id, 2);
  assert.deepEqual([await numbers(alice, id), await alice.usage()], [[3], { used: 150, quota: 250 }], 'the versions that go make room');
  await alice.deleteVersion(id, 3);
  await written(alice, ['z'.repeat(200)], 'other.txt');
  assert.deepEqual(await alice.usage(), { used: 250, quota: 250 });
  assert.deepEqual(await drive.audit(), []);
});

test('thirty writers, replacers and restorers at the limit: never a byte over, and the count is right', async (t) => {
  verifies('drive.quota');
  const { drive } = await temporaryDrive(t, { options: { keepVersions: 3 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const id = await written(alice, ['a'.repeat(1000), 'b'.repeat(1000), 'c'.repeat(1000)]);
  await drive.setQuota('alice', 10_000);
  let most = 0;
  const attempts = Array.from({ length: 30 }, async (_, index) => {
    if (index % 3 === 0) return alice.restoreVersion(id, 1 + (index % 2));
    const name = index % 3 === 1 ? `new ${index}` : 'file.txt';
    const entry = await alice.writeFile({ parent, name, content: keyStream(`${index}`, 1000), onConflict: 'replace' });
    most = Math.max(most, (await alice.usage()).used);
    return entry;
  });
  const settled = await Promise.allSettled(attempts);
  for (const one of settled)
    if (one.status === 'rejected') assert.ok(['quota_exceeded', 'version_not_found'].includes(one.reason.code), String(one.reason));
  assert.ok(settled.some(({ status }) => status === 'rejected') && settled.some(({ status }) => status === 'fulfilled'));
  assert.ok(most <= 10_000);
  assert.equal((await alice.usage()).used % 1000, 0);
  assert.ok((await alice.usage()).used <= 10_000);
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('twenty restores of large versions at once lose no content', async (t) => {
  verifies('drive.versions');
  const { drive } = await temporaryDrive(t, { options: { grace: 0, keepVersions: 100 } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  let id = '';
  for (let index = 0; index < 4; index++)
    ({ id } = await alice.writeFile({ parent, name: 'f', content: keyStream(`${index}`, 80_000), onConflict: 'replace' }));
  await Promise.all(Array.from({ length: 20 }, (_, index) => Promise.all([alice.restoreVersion(id, 1 + (index % 3)), drive.sweep()])));
  for (let number = 1; number <= 3; number++)
    assert.equal(await sha256Of((await alice.readVersion(id, number)).stream), await sha256Of(keyStream(`${number - 1}`, 80_000)));
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});
