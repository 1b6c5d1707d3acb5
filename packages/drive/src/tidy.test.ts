import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const day = 86_400_000;

test('what has been in the trash for too long goes, with all below it; what is younger stays', async (t) => {
  verifies('drive.trash.reaper');
  const { drive, clock } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'old' });
  const inside = await alice.createFolder({ parent: folder.id, name: 'inside' });
  for (let index = 0; index < 450; index++)
    await alice.writeFile({ parent: index % 2 ? folder.id : inside.id, name: `${index}`, content: textStream('x') });
  const young = await alice.writeFile({ parent: root, name: 'young', content: textStream('yy') });
  const kept = await bob.writeFile({ parent: (await bob.root()).id, name: 'kept', content: textStream('zzz') });
  await alice.trash(folder.id);
  await bob.trash(kept.id);
  await bob.setRetention({ trashDays: 0 });

  clock.now += 29 * day;
  await alice.trash(young.id);
  assert.deepEqual(await drive.tidy(), { trashed: 0, versions: 0 });
  clock.now += day;
  assert.deepEqual(await drive.tidy(), { trashed: 1, versions: 0 });
  assert.deepEqual(
    (await alice.listTrash()).entries.map(({ id }) => id),
    [young.id],
  );
  assert.equal((await alice.usage()).used, 2);
  await assert.rejects(alice.entry(inside.id), { code: 'entry_not_found' });
  assert.equal((await alice.changes((await alice.latest()) - 1)).changes[0]?.op, 'deleted');
  await alice.setRetention({ trashDays: 1 });
  clock.now += 365 * day;
  assert.deepEqual(await drive.tidy(), { trashed: 1, versions: 0 });
  assert.deepEqual(
    (await bob.listTrash()).entries.map(({ id }) => id),
    [kept.id],
    '0 days are for ever',
  );
  assert.deepEqual(await drive.audit(), []);
});

test('a node that is stopped in the middle of it goes on after the next start', async (t) => {
  verifies('drive.trash.reaper');
  const { drive, database, directory, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'old' });
  for (let index = 0; index < 700; index++) await alice.createFolder({ parent: folder.id, name: `${index}` });
  await alice.trash(folder.id);
  clock.now += 31 * day;

  const second = openDrive({ database, directory, log: () => {}, now: () => clock.now++ });
  const tidying = second.tidy();
  while ((await drive.audit()).every(({ kind }) => kind !== 'deletion_unfinished')) await new Promise((resolve) => setImmediate(resolve));
  await second.stop();
  await assert.rejects(tidying, { code: 'drive_stopping' });
  assert.equal((await drive.audit())[0]?.severity, 'notice');

  const third = openDrive({ database, directory, log: () => {}, now: () => clock.now++ });
  await third.start();
  assert.deepEqual(await third.audit(), []);
  assert.deepEqual((await third.of('alice').list({ parent: root })).entries, []);
  await third.stop();
});

test('a start tidies by itself', async (t) => {
  verifies('drive.trash.reaper', 'drive.retention');
  const { drive, database, directory, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  for (const content of ['a', 'b']) await alice.writeFile({ parent, name: 'f', content: textStream(content), onConflict: 'replace' });
  await alice.trash((await alice.createFolder({ parent, name: 'x' })).id);
  // Its own first round must not be the one that does it.
  await drive.stop();
  clock.now += 400 * day;
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const next = openDrive({
    database,
    directory,
    now: () => clock.now++,
    log: (event, fields) => void (event === 'drive.tidied' && resolve(fields)),
  });
  await next.start();
  assert.deepEqual(await promise, { trashed: 1, versions: 1 });
  await next.stop();
});
