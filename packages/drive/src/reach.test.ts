import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import type { Actor, Right } from './index.ts';
import { rights } from './right.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive, type TemporaryDrive } from './testing/temporary-drive.ts';

async function furnish(t: Parameters<typeof temporaryDrive>[0]) {
  const world = await temporaryDrive(t, { options: { folders: ['AppData'] } });
  const alice = world.drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  const inside = await alice.writeFile({ parent: folder.id, name: 'inside.txt', content: textStream('inside') });
  const beside = await alice.writeFile({ parent: root, name: 'beside.txt', content: textStream('beside') });
  const app = await alice.createFolder({ parent: (await alice.stat('/AppData')).id, name: 'app-1' });
  const mine = await alice.writeFile({ parent: app.id, name: 'state', content: textStream('state') });
  return { ...world, alice, root, folder: folder.id, inside: inside.id, beside: beside.id, app: app.id, mine: mine.id };
}

const share = ({ database }: TemporaryDrive, entry: string, holder: string, access: Right) =>
  database.transaction((tx) =>
    tx.run(sql`INSERT INTO share (id, drive, entry, holder, access, created_at)
      SELECT ${`${entry}-${holder}`}, drive, id, ${holder}, ${access}, 1 FROM entry WHERE id = ${entry}`),
  );

/** The strongest right that an actor has on an entry, found by asking for each. */
async function rightOf({ drive }: TemporaryDrive, actor: Actor, id: string): Promise<Right | undefined> {
  let held: Right | undefined;
  for (const right of rights) {
    const place = await drive
      .as(actor)
      .find({ id }, right)
      .catch((error: { code: string }) => assert.match(error.code, held ? /access_denied/ : /entry_not_found/));
    if (place) held = right;
  }
  assert.equal(await drive.as(actor).sees(id), held !== undefined);
  return held;
}

test('an account does everything in its own drive, by id and by path, and sees nothing of another', async (t) => {
  verifies('drive.reach');
  const world = await furnish(t);
  const { drive, inside, folder } = world;
  assert.equal(await rightOf(world, { account: 'alice' }, inside), 'manage');
  const place = await drive.as({ account: 'alice' }).find({ path: '/alice/folder/inside.txt' }, 'write');
  assert.deepEqual(
    [place.entry.id, place.owner, place.path, place.entry.path],
    [inside, 'alice', '/alice/folder/inside.txt', '/folder/inside.txt'],
  );
  assert.equal((await drive.as({ account: 'alice' }).find({ path: '/alice' }, 'write')).path, '/alice');
  for (const target of [
    { id: inside },
    { path: '/alice' },
    { path: '/alice/folder/inside.txt' },
    { path: '/nobody/x' },
    { id: 'f'.repeat(32) },
  ])
    await assert.rejects(drive.as({ account: 'bob' }).find(target, 'see'), { code: 'entry_not_found' });
  assert.equal(await rightOf(world, { account: 'bob' }, folder), undefined);
  assert.equal((await drive.usage()).drives, 2, 'asking for a drive that does not exist makes none');
});

test('a share reaches what is below it, no further and not into the trash', async (t) => {
  verifies('drive.reach');
  const world = await furnish(t);
  const { alice, folder, inside, beside, root } = world;
  const bob = { account: 'bob' };
  await share(world, folder, 'bob', 'read');
  await share(world, inside, 'bob', 'write');
  await share(world, beside, 'carol', 'manage');
  assert.deepEqual(await Promise.all([folder, inside, beside, root].map((id) => rightOf(world, bob, id))), [
    'read',
    'write',
    undefined,
    undefined,
  ]);
  assert.equal((await world.drive.as(bob).find({ path: '/alice/folder/inside.txt' }, 'write')).owner, 'alice');
  await alice.trash(folder);
  assert.deepEqual(await Promise.all([folder, inside].map((id) => rightOf(world, bob, id))), [undefined, undefined]);
  assert.equal(await rightOf(world, { account: 'alice' }, inside), 'manage', 'the owner still looks into the trash');
  await alice.deleteForever(folder);
  assert.equal((await world.database.read.all(sql`SELECT id FROM share LIMIT 10`)).length, 1, 'with the entry goes the share');
});

test('an app has its own folder and what it was given, never more than its account', async (t) => {
  verifies('drive.reach');
  const world = await furnish(t);
  const { folder, inside, beside, app, mine } = world;
  const actor = (account: string, grants: { entry: string; right: Right }[] = [], uid = 'app-1'): Actor => ({
    account,
    delegate: { app: uid, grants },
  });
  const all = [folder, inside, beside, app, mine];
  const held = async (who: Actor) => Promise.all(all.map((id) => rightOf(world, who, id)));
  assert.deepEqual(await held(actor('alice')), [undefined, undefined, undefined, 'write', 'write']);
  assert.deepEqual(await held(actor('alice', [{ entry: folder, right: 'list' }])), ['list', 'list', undefined, 'write', 'write']);
  assert.deepEqual(await held(actor('alice', [], 'app-2')), Array(5).fill(undefined));
  assert.deepEqual(await held(actor('alice', [], '..')), Array(5).fill(undefined));
  assert.deepEqual(await held(actor('bob', [{ entry: folder, right: 'manage' }])), Array(5).fill(undefined));
  await share(world, folder, 'bob', 'read');
  assert.deepEqual((await held(actor('bob', [{ entry: inside, right: 'manage' }]))).slice(0, 3), [undefined, 'read', undefined]);
  assert.deepEqual(await held({ account: 'alice', delegate: { app: undefined, grants: [{ entry: inside, right: 'read' }] } }), [
    undefined,
    'read',
    undefined,
    undefined,
    undefined,
  ]);
});
