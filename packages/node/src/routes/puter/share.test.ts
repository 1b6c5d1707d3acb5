import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let path: string;

const post = async (person: Person, to: string, json: object) => expectJson(await person.fetch(to, { method: 'POST', json }));

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/stat?path=/Documents'));
  await expectJson(await owner.fetch(`/api/drive/files?parent=${parent}&name=note.txt`, { method: 'PUT', body: 'note' }));
  path = `/${owner.address}/Documents/note.txt`;
});
after(() => node.end());

test('sharing as the SDK does it: each pair by itself, listed on both sides, revoked', async () => {
  verifies('drive.sharing.puter');
  const stranger = privateKeyToAccount(generatePrivateKey()).address;
  const given = await post(owner, '/share', {
    recipients: [{ username: member.address.toLowerCase() }, { username: stranger }, { email: 'mae@example.org' }],
    items: [{ path }, { path: '~/Documents/none' }],
    mode: 'write',
  });
  assert.equal(given.status, 'mixed');
  assert.deepEqual(
    given.results.map(({ status, code, mode, holder, is_new }: Record<string, unknown>) => [status, code, mode, holder, is_new]),
    [
      ['success', undefined, 'write', member.address, true],
      ['error', 'subject_does_not_exist', undefined, undefined, undefined],
      ...Array.from({ length: 4 }, () => ['error', 'user_does_not_exist', undefined, undefined, undefined]),
    ],
  );
  const again = await post(owner, '/share', { recipients: [{ username: member.address }], items: [{ path }], mode: 'read' });
  assert.deepEqual([again.status, again.results[0].is_new, again.results[0].mode], ['success', false, 'read']);

  const mine = await expectJson(await member.fetch('/share/shared-with-me?limit=10&includeTotal=true'));
  const [share] = mine.items;
  assert.deepEqual(
    [mine.total, share.path, share.mode, share.owner, share.holder, share.is_dir, share.name, share.size, share.type],
    [1, `/${owner.address}/${share.uid_entry}/note.txt`, 'read', owner.address, member.address, false, 'note.txt', 4, 'text/plain'],
  );
  assert.equal((await post(member, '/stat', { path })).uid, share.uid_entry);
  assert.equal((await post(member, '/stat', { path: share.path })).uid, share.uid_entry, 'a path that does not tell where it lies');
  assert.equal((await member.fetch('/stat', { method: 'POST', json: { path: share.path.replace('note', 'other') } })).status, 404);
  const [seenByOwner, seenByMember] = await Promise.all([post(owner, '/stat', { path }), post(member, '/stat', { path })]);
  assert.deepEqual([seenByOwner.is_shared, seenByMember.is_shared], [true, null]);
  const listed: { name: string; is_shared: boolean }[] = await post(owner, '/readdir', { path: `/${owner.address}/Documents` });
  assert.deepEqual(
    listed.map(({ name, is_shared }) => [name, is_shared]),
    [['note.txt', true]],
  );
  assert.deepEqual((await expectJson(await owner.fetch('/share/shared-by-me'))).items[0].holder, member.address);
  assert.equal((await expectJson(await owner.fetch(`/share/shares?path=${path}`))).items.length, 1);
  assert.equal((await member.fetch(`/share/shares?path=${path}`)).status, 403);

  assert.deepEqual(await post(member, '/share/revoke', { recipients: [{ username: member.address }], items: [{ uid: share.uid_entry }] }), {
    revoked: 1,
  });
  assert.deepEqual(await post(owner, '/share/revoke', { recipients: [{ username: member.address }], items: [{ path }] }), { revoked: 0 });
  assert.equal((await member.fetch('/stat', { method: 'POST', json: { path } })).status, 404);
});

test('an app shares nothing of its account, and wrong input is refused by its field', async () => {
  verifies('drive.sharing.puter');
  const { token } = await post(owner, '/auth/get-user-app-token', { origin: 'https://app.example' });
  const asApp = (json: object) =>
    fetch(new URL('/share', node.url), {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
  const { status, results } = await expectJson(await asApp({ recipients: [{ username: member.address }], items: [{ path }] }));
  assert.deepEqual([status, results[0].code], ['aborted', 'subject_does_not_exist']);
  for (const json of [
    {},
    { recipients: [], items: [{ path }] },
    { recipients: [{ username: 1 }], items: [{ path }] },
    { recipients: 'x', items: [] },
  ])
    assert.equal((await owner.fetch('/share', { method: 'POST', json })).status, 400);
  const noMode = await owner.fetch('/share', {
    method: 'POST',
    json: { recipients: [{ username: member.address }], items: [{ path }], mode: 'own' },
  });
  assert.equal(noMode.status, 400);
});
