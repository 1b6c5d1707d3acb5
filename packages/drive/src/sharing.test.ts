import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import { textStream } from './testing/key-stream.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

async function furnish(t: Parameters<typeof temporaryDrive>[0]) {
  const world = await temporaryDrive(t);
  const alice = world.drive.of('alice');
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'folder' });
  const file = await alice.writeFile({ parent: folder.id, name: 'file', content: textStream('text') });
  const as = (account: string) => world.drive.as({ account });
  return { ...world, alice, root, folder: folder.id, file: file.id, as };
}

test('a right is given, changed, listed on both sides and taken back; the holder may give it up', async (t) => {
  verifies('drive.sharing');
  const { as, folder, file } = await furnish(t);
  await as('alice').share({ id: folder }, { holder: 'bob', right: 'read' });
  const changed = await as('alice').share({ id: folder }, { holder: 'bob', right: 'write' });
  await as('alice').share({ path: '/alice/folder/file' }, { holder: 'carol', right: 'see' });
  assert.deepEqual(
    (await as('bob').sharedWithMe()).shares.map(({ id, owner, right, entry }) => [id, owner, right, entry.id, entry.path]),
    [[changed.id, 'alice', 'write', folder, '/folder']],
  );
  const given = await as('alice').sharedByMe({ limit: 1 });
  assert.deepEqual([given.shares[0]?.holder, typeof given.next], ['bob', 'string']);
  assert.deepEqual(
    (await as('alice').sharedByMe({ after: given.next })).shares.map(({ holder, entry }) => [holder, entry.id]),
    [['carol', file]],
  );
  assert.deepEqual(
    (await as('alice').sharesOf({ id: folder })).map(({ holder }) => holder),
    ['bob'],
  );
  const { drive } = await as('bob').find({ id: folder }, 'write');
  const made = await drive.writeFile({ parent: folder, name: 'from bob', content: textStream('hello') });
  assert.equal((await as('alice').find({ id: made.id }, 'manage')).owner, 'alice');

  assert.equal(await as('alice').unshare({ id: file }, 'carol'), true);
  assert.equal(await as('alice').unshare({ id: file }, 'carol'), false);
  assert.equal(await as('bob').unshare({ id: folder }, 'bob'), true);
  for (const who of ['bob', 'carol']) {
    assert.deepEqual((await as(who).sharedWithMe()).shares, []);
    await assert.rejects(as(who).find({ id: file }, 'see'), { code: 'entry_not_found' });
  }
});

test('nobody gives what is not its own, more than it has, or to the owner', async (t) => {
  verifies('drive.sharing');
  const { as, drive, folder } = await furnish(t);
  await assert.rejects(as('bob').share({ id: folder }, { holder: 'bob', right: 'read' }), { code: 'entry_not_found' });
  await assert.rejects(as('alice').share({ id: folder }, { holder: 'alice', right: 'read' }), { code: 'share_invalid' });
  await as('alice').share({ id: folder }, { holder: 'bob', right: 'write' });
  await assert.rejects(as('bob').share({ id: folder }, { holder: 'carol', right: 'read' }), { code: 'access_denied' });
  await assert.rejects(as('bob').sharesOf({ id: folder }), { code: 'access_denied' });
  await assert.rejects(as('bob').createLink({ id: folder }), { code: 'access_denied' });
  await as('alice').share({ id: folder }, { holder: 'bob', right: 'manage' });
  await as('bob').share({ id: folder }, { holder: 'carol', right: 'manage' });
  await assert.rejects(as('carol').share({ id: folder }, { holder: 'alice', right: 'see' }), { code: 'share_invalid' });
  const app = drive.as({ account: 'bob', delegate: { app: 'app-1', grants: [{ entry: folder, right: 'see' }] } });
  await assert.rejects(app.unshare({ id: folder }, 'bob'), { code: 'access_denied' });
  await drive.withdraw('bob');
  assert.deepEqual(
    (await as('alice').sharesOf({ id: folder })).map(({ holder }) => holder),
    ['carol'],
  );
});

test('a link reads one entry and what is below, until it ends or is revoked', async (t) => {
  verifies('drive.links');
  const { as, alice, drive, clock, folder, file, root } = await furnish(t);
  const link = await as('alice').createLink({ id: folder }, { label: 'for Mae', expiresAt: clock.now + 10_000 });
  const view = await drive.openLink(link.token);
  assert.deepEqual([(await view.find('')).path, (await view.find('file')).id, (await view.list('')).entries.length], ['/', file, 1]);
  assert.equal((await view.read('/file', { range: { last: 2 } })).length, 2);
  assert.equal((await view.find('')).parent, null, 'what lies above is not told');
  for (const path of ['..', '../folder', '/folder', 'nope', '.', 'file/..'])
    await assert.rejects(view.find(path), { code: 'entry_not_found' }, path);
  assert.deepEqual(
    (await as('alice').links()).links.map(({ id, label, entry }) => [id, label, entry.id]),
    [[link.id, 'for Mae', folder]],
  );

  const unknown = { code: 'link_not_found', status: 404 };
  await assert.rejects(drive.openLink('nope'), unknown);
  await assert.rejects(drive.openLink(link.id), unknown);
  await alice.trash(folder);
  await assert.rejects(drive.openLink(link.token), unknown);
  await alice.restore(folder);
  await drive.openLink(link.token);
  clock.now += 20_000;
  await assert.rejects(drive.openLink(link.token), unknown);

  const other = await as('alice').createLink({ id: file });
  await assert.rejects(as('bob').revokeLink(other.id), unknown);
  await as('alice').revokeLink(other.id);
  await assert.rejects(drive.openLink(other.token), unknown);
  await as('alice').createLink({ id: folder });
  await alice.deleteForever(folder);
  assert.deepEqual((await as('alice').links()).links, [], 'with the entry go its links');
  await assert.rejects(as('alice').createLink({ id: root }, { expiresAt: 1 }), { code: 'link_invalid' });
});

test('the password of a link is asked for, not guessed, and need not be given twice', async (t) => {
  verifies('drive.links');
  const { as, drive, clock, folder, database } = await furnish(t);
  const { token, hasPassword } = await as('alice').createLink({ id: folder }, { password: 'péché' });
  assert.equal(hasPassword, true);
  await assert.rejects(drive.openLink(token), { code: 'password_required', status: 401 });
  const { pass } = await drive.openLink(token, { password: 'pe\u0301che\u0301' });
  assert.ok(pass);
  await drive.openLink(token, { pass });
  for (const forged of [`9${pass}`, pass.replace(/\.(.)/, (_, first) => (first === 'A' ? '.B' : '.A')), '', '9999999999999.x'])
    await assert.rejects(drive.openLink(token, { pass: forged }), { code: 'password_required' }, forged);
  const another = await as('alice').createLink({ id: folder }, { password: 'péché' });
  await assert.rejects(drive.openLink(another.token, { pass }), { code: 'password_required' }, 'the pass of another link');
  clock.now += 13 * 3_600_000;
  await assert.rejects(drive.openLink(token, { pass }), { code: 'password_required' });

  for (let number = 0; number < 10; number++)
    await assert.rejects(drive.openLink(token, { password: 'wrong' }), { code: 'password_wrong' });
  await assert.rejects(drive.openLink(token, { password: 'péché' }), { code: 'too_many_attempts', status: 429 });
  clock.now += 61_000;
  await drive.openLink(token, { password: 'péché' });
  await assert.rejects(as('alice').createLink({ id: folder }, { password: 'abc' }), { code: 'link_invalid' });
  const rows = await database.read.all<{ password: Uint8Array }>(sql`SELECT password FROM link ORDER BY id LIMIT 10`);
  assert.equal(rows.length, 2);
  for (const row of rows) assert.equal(Buffer.from(row.password).includes('péché'), false, 'the password itself is not stored');
});
