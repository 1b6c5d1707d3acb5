import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { uidOfId } from './http/uid.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
});
after(() => node.end());

const post = (person: Person, path: string, json: unknown) => person.fetch(path, { method: 'POST', json }).then(expectJson);
const look = async (path: string) => (await fetch(new URL(path, node.url))).status;

async function letIn(options: { role: 'member' | 'guest'; expiresAt?: number }): Promise<Person> {
  const account = privateKeyToAccount(generatePrivateKey());
  await post(owner, '/api/accounts', { address: account.address, ...options });
  return node.signIn(account);
}

/** A file of somebody, and every way by which others reach it. */
async function giveAway(person: Person) {
  const { id: parent } = await expectJson(await person.fetch('/api/drive/stat?path=/Documents'));
  const upload = await person.fetch(`/api/drive/files?parent=${parent}&name=note.txt`, { method: 'PUT', body: `of ${person.address}` });
  const { id } = await expectJson(upload);
  const { url } = await post(person, `/api/drive/entries/${id}/links`, {});
  const token = new URL(url).pathname.split('/').at(-1);
  const { root } = await post(person, '/api/drive/publications', { entry: id });
  const { read_url: signed } = (await post(person, '/sign', { items: [{ uid: uidOfId(id), action: 'read' }] })).signatures[0];
  await expectJson(await person.fetch(`/api/drive/entries/${id}/shares/${owner.address}`, { method: 'PUT', json: { right: 'read' } }));
  const statuses = async () => ({
    link: await look(`/s/${token}`),
    bytes: await look(`/s/${token}/content`),
    json: await look(`/api/links/${token}`),
    published: await look(`/ipfs/${root}`),
    signed: await look(signed),
    shared: (await owner.fetch(`/api/drive/files/${id}/content`)).status,
  });
  return { id, statuses };
}

const everything = { link: 200, bytes: 200, json: 200, published: 200, signed: 200, shared: 200 };

test('with a removed account ends all that it gave away, also when it is let in again', async () => {
  verifies('drive.leaving');
  const member = await letIn({ role: 'member' });
  const { statuses } = await giveAway(member);
  assert.deepEqual(await statuses(), everything);
  assert.equal((await owner.fetch(`/api/accounts/${member.address}`, { method: 'DELETE' })).status, 204);
  const { signed, ...ended } = await statuses();
  assert.ok(signed >= 400, `the signed link answers ${signed}`);
  assert.deepEqual(ended, { link: 404, bytes: 404, json: 404, published: 404, shared: 404 });

  await post(owner, '/api/accounts', { address: member.address, role: 'member' });
  const again = await node.signIn(member.account);
  assert.equal((await again.fetch('/api/drive/stat?path=/Documents/note.txt')).status, 200, 'its files are still there');
  assert.deepEqual((await statuses()).published, 404);
  assert.deepEqual((await statuses()).link, 404);
});

test('the links of a guest end with its invitation', async () => {
  verifies('drive.leaving');
  const expiresAt = Date.now() + 3000;
  const guest = await letIn({ role: 'guest', expiresAt });
  const { statuses } = await giveAway(guest);
  assert.equal((await statuses()).link, 200);
  await wait(expiresAt - Date.now() + 50);
  const { link, bytes, json, signed } = await statuses();
  assert.deepEqual([link, bytes, json], [404, 404, 404]);
  assert.ok(signed >= 400, `the signed link answers ${signed}`);
});

test('who may only see a file is not told what it was before', async () => {
  verifies('drive.sharing');
  const member = await letIn({ role: 'member' });
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/stat?path=/Documents'));
  const write = (body: string) =>
    owner.fetch(`/api/drive/files?parent=${parent}&name=seen.txt&onConflict=replace`, { method: 'PUT', body }).then(expectJson);
  await write('one');
  const { id } = await write('two, longer');
  const versions = async (right: string) => {
    await expectJson(await owner.fetch(`/api/drive/entries/${id}/shares/${member.address}`, { method: 'PUT', json: { right } }));
    return (await post(member, '/stat', { uid: uidOfId(id), return_versions: true })).versions.length;
  };
  assert.equal(await versions('read'), 1);
  assert.equal(await versions('see'), 0);
});
