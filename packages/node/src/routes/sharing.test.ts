import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let folder: string;
let file: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  const { id: root } = await expectJson(await owner.fetch('/api/drive/root'));
  folder = (await expectJson(await owner.fetch('/api/drive/folders', { method: 'POST', json: { parent: root, name: 'A & B <b>' } }))).id;
  file = (
    await expectJson(
      await owner.fetch(`/api/drive/files?parent=${folder}&name=page.html`, { method: 'PUT', body: '<script>alert(1)</script>' }),
    )
  ).id;
});
after(() => node.end());

const code = async (response: Response) => [response.status, ((await response.json()) as { error: { code: string } }).error.code];

test('a member works in a folder that was shared with it, within its right, and copies into its own drive', async () => {
  verifies('drive.sharing');
  const content = `/api/drive/files/${file}/content`;
  assert.deepEqual(await code(await member.fetch(content)), [404, 'entry_not_found']);
  const give = (holder: string, right: string) =>
    owner.fetch(`/api/drive/entries/${folder}/shares/${holder}`, { method: 'PUT', json: { right } });
  assert.deepEqual(await code(await give(privateKeyToAccount(generatePrivateKey()).address, 'read')), [404, 'account_unknown']);
  await expectJson(await give(member.address, 'read'));
  const { shares } = await expectJson(await member.fetch('/api/drive/shared-with-me'));
  assert.deepEqual([shares.length, shares[0].owner, shares[0].right, shares[0].entry.id], [1, owner.address, 'read', folder]);
  assert.equal((await (await member.fetch(content)).text()).length, 25);
  assert.equal((await expectJson(await member.fetch(`/api/drive/entries?parent=${folder}`))).entries[0].id, file);
  const upload = () => member.fetch(`/api/drive/files?parent=${folder}&name=new`, { method: 'PUT', body: 'x' });
  assert.deepEqual(await code(await upload()), [403, 'access_denied']);
  await expectJson(await give(member.address, 'write'));
  await expectJson(await upload());

  const { id: own } = await expectJson(await member.fetch('/api/drive/root'));
  const copy = await expectJson(
    await member.fetch(`/api/drive/entries/${folder}/copy`, { method: 'POST', json: { parent: own, name: 'copy' } }),
  );
  const moved = await expectJson(await member.fetch(`/api/drive/entries/${file}`, { method: 'PATCH', json: { parent: own } }));
  assert.notEqual(moved.id, file, 'into another drive it is a copy');
  const { entries: trashed } = await expectJson(await owner.fetch('/api/drive/trash'));
  assert.deepEqual(
    trashed.map(({ id }: { id: string }) => id),
    [file],
    'and the original is in the trash of its owner',
  );
  await expectJson(await owner.fetch(`/api/drive/trash/${file}/restore`, { method: 'POST' }));
  assert.deepEqual(await code(await owner.fetch(`/api/drive/entries/${copy.id}`)), [404, 'entry_not_found']);

  assert.equal((await member.fetch(`/api/drive/entries/${folder}/shares/${member.address}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(await code(await member.fetch(content)), [404, 'entry_not_found']);
});

test('who is removed from the node loses what was shared, also when it is let in again', async () => {
  verifies('drive.sharing');
  const account = privateKeyToAccount(generatePrivateKey());
  const letIn = async () => {
    await expectJson(await owner.fetch('/api/accounts', { method: 'POST', json: { address: account.address, role: 'guest' } }));
    return node.signIn(account);
  };
  await letIn();
  await expectJson(await owner.fetch(`/api/drive/entries/${folder}/shares/${account.address}`, { method: 'PUT', json: { right: 'read' } }));
  assert.equal((await owner.fetch(`/api/accounts/${account.address}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual((await expectJson(await (await letIn()).fetch('/api/drive/shared-with-me'))).shares, []);
});

test('with an account end its links and what it published; its files wait for it', async () => {
  verifies('drive.links', 'drive.sharing');
  const guest = await node.letIn(owner, 'guest');
  const { id: parent } = await expectJson(await guest.fetch('/api/drive/stat?path=/Documents'));
  const { id, cid } = await expectJson(
    await guest.fetch(`/api/drive/files?parent=${parent}&name=note.txt`, { method: 'PUT', body: 'of a guest' }),
  );
  const link = await expectJson(await guest.fetch(`/api/drive/entries/${id}/links`, { method: 'POST', json: {} }));
  await expectJson(await guest.fetch('/api/drive/publications', { method: 'POST', json: { entry: id } }));
  const seen = async () => [
    (await fetch(`${link.url}/content`)).status,
    (await fetch(new URL(`/ipfs/${cid}?format=raw`, node.url))).status,
  ];
  assert.deepEqual(await seen(), [200, 200]);
  assert.equal((await owner.fetch(`/api/accounts/${guest.address}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(await seen(), [404, 404]);
  await expectJson(await owner.fetch('/api/accounts', { method: 'POST', json: { address: guest.address, role: 'guest' } }));
  const again = await node.signIn(guest.account);
  assert.equal(await (await again.fetch(`/api/drive/files/${id}/content`)).text(), 'of a guest');
});

test('a visitor opens a link in a page without scripts, reads below it and nothing else; an ended link says so', async () => {
  verifies('drive.links');
  const link = await expectJson(await owner.fetch(`/api/drive/entries/${folder}/links`, { method: 'POST', json: { label: '<i>x</i>' } }));
  assert.ok(link.url.startsWith(`${new URL(node.url).origin}/s/`));
  const page = await fetch(link.url);
  const text = await page.text();
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(text, /A &amp; B &lt;b&gt;/);
  assert.match(text, /&lt;i&gt;x/);
  assert.match(text, /href="\/s\/[\w-]+\/browse\/page\.html"/);
  assert.match(await (await fetch(`${link.url}/browse/page.html`)).text(), /Download/);
  const content = await fetch(`${link.url}/content/page.html`);
  assert.match(content.headers.get('content-security-policy') ?? '', /^sandbox/);
  assert.match(content.headers.get('content-disposition') ?? '', /^attachment/);
  assert.equal((await fetch(`${link.url}/content/page.html`, { headers: { range: 'bytes=0-7' } })).status, 206);
  for (const path of ['/content/nope', '/content/..%2f..%2f', '/browse/%00', '/content/page.html/x', `/content/${file}`])
    assert.equal((await fetch(link.url + path, { redirect: 'manual' })).status, 404, path);
  const json = await expectJson(await fetch(new URL(`/api/links/${link.url.split('/').at(-1)}`, node.url)));
  assert.deepEqual([json.label, json.entries[0].name, 'id' in json.entry, 'parent' in json.entries[0]], ['<i>x</i>', 'new', false, false]);

  assert.equal((await expectJson(await owner.fetch('/api/drive/links'))).links.length, 1);
  assert.deepEqual(await code(await member.fetch(`/api/drive/links/${link.id}`, { method: 'DELETE' })), [404, 'link_not_found']);
  assert.equal((await owner.fetch(`/api/drive/links/${link.id}`, { method: 'DELETE' })).status, 204);
  const ended = await fetch(link.url);
  assert.deepEqual([ended.status, /has ended/.test(await ended.text())], [404, true]);
});

test('the password of a link is asked in a form and remembered by a cookie of that link alone', async () => {
  verifies('drive.links');
  const make = async () =>
    (await expectJson(await owner.fetch(`/api/drive/entries/${folder}/links`, { method: 'POST', json: { password: 'sesame!' } }))).url;
  const [url, other] = [await make(), await make()];
  assert.match(await (await fetch(url)).text(), /type="password"/);
  const send = (password: string, to = url) =>
    fetch(to, {
      method: 'POST',
      body: new URLSearchParams({ password }),
      redirect: 'manual',
      headers: { origin: new URL(node.url).origin },
    });
  const wrong = await send('wrong');
  assert.deepEqual([wrong.status, /role="alert"/.test(await wrong.text())], [403, true]);
  const right = await send('sesame!');
  assert.equal(right.status, 303);
  const cookie = right.headers.get('set-cookie') ?? '';
  assert.match(cookie, new RegExp(`; Path=${new URL(url).pathname}; HttpOnly; SameSite=Lax$`));
  const pass = { headers: { cookie: cookie.split(';')[0] ?? '' } };
  assert.equal((await fetch(`${url}/content/new`, pass)).status, 200);
  assert.equal((await fetch(`${other}/content/new`, pass)).status, 401);
  assert.equal((await fetch(`${url}/content/new`)).status, 401);
  assert.equal((await send('x'.repeat(10_000))).status, 413);
  const api = new URL(`/api/links/${url.split('/').at(-1)}`, node.url);
  assert.equal((await fetch(api)).status, 401);
  assert.equal((await fetch(api, { headers: { 'x-link-password': 'sesame!' } })).status, 200);
});
