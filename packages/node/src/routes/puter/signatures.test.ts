import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let other: Person;
let home: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  home = `/${owner.address}`;
  other = await node.letIn(owner, 'member');
});
after(() => node.end());

const ask = async (path: string, json: unknown, token = owner.token) =>
  expectJson(
    await fetch(new URL(path, node.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    }),
  );
const sign = async (path: string, action: 'read' | 'write', more: object = {}, token?: string) => {
  const { signatures, token: appToken } = await ask('/sign', { items: [{ path, action }], ...more }, token);
  return { ...signatures[0], appToken };
};
async function write(path: string, content: string): Promise<string> {
  const form = new FormData();
  const at = path.lastIndexOf('/');
  const operation = { op: 'write', path: path.slice(0, at), name: path.slice(at + 1), overwrite: true, create_missing_ancestors: true };
  form.append('operation', JSON.stringify(operation));
  form.append('file', new File([content], 'f'));
  const response = await owner.fetch('/batch', { method: 'POST', body: form });
  return (await expectJson(response)).results[0].uid;
}
/** Without any credentials, as whoever has the URL. */
const get = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  const text = await response.text();
  return response.ok ? text : [response.status, JSON.parse(text).code];
};
const refused = [403, 'forbidden'];
const operate = (writeUrl: string, operation: string, fields: Record<string, string | File> = {}) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return fetch(`${writeUrl}&operation=${operation}`, { method: 'POST', body: form });
};
const changed = (url: string, change: (url: URL) => void) => {
  const copy = new URL(url);
  change(copy);
  return copy.href;
};

test('an opened file comes with URLs as far as its opener may go', async () => {
  verifies('drive.links.signatures');
  const path = `${home}/links/open.txt`;
  const uid = await write(path, 'opened');
  const { signature, suggested_apps } = await ask('/open_item', { path });
  assert.deepEqual([signature.uid, suggested_apps, await get(signature.read_url), 'write_url' in signature], [uid, [], 'opened', true]);
  await ask('/share', { recipients: [{ username: other.address }], items: [{ path }], mode: 'read' });
  const shared = await ask('/open_item', { uid }, other.token);
  assert.deepEqual([await get(shared.signature.read_url), 'write_url' in shared.signature], ['opened', false]);
  await ask('/share/revoke', { recipients: [{ username: other.address }], items: [{ path }] });
  assert.notEqual(await get(shared.signature.read_url), 'opened', 'with the right ends what it made');
});

test('a signed URL reads one file, for a day, and no field of it can be changed', async () => {
  verifies('drive.links.signatures');
  const uid = await write(`${home}/links/a.txt`, 'letter a');
  const secret = await write(`${home}/links/b.txt`, 'letter b');
  const signed = await sign(`${home}/links/a.txt`, 'read');
  assert.deepEqual(
    [signed.uid, signed.fsentry_name, signed.fsentry_size, signed.fsentry_is_dir, signed.path, signed.write_url],
    [uid, 'a.txt', 8, false, `${home}/links/a.txt`, undefined],
  );
  const seconds = signed.expires - Date.now() / 1000;
  assert.ok(seconds > 86_300 && seconds < 86_500);
  assert.equal(await get(signed.read_url), 'letter a');
  assert.equal(await get(signed.read_url, { headers: { range: 'bytes=0-5' } }), 'letter');
  const download = await fetch(`${signed.url}&download=true`);
  assert.match(download.headers.get('content-disposition') ?? '', /^attachment; filename="a.txt"/);
  assert.match(download.headers.get('content-security-policy') ?? '', /^sandbox/);

  const parameters = (name: string, value: string) => changed(signed.read_url, (url) => url.searchParams.set(name, value));
  const [account, app, proof] = signed.signature.split('.');
  for (const url of [
    parameters('uid', secret),
    parameters('uid', 'nonsense'),
    parameters('expires', String(signed.expires + 1)),
    parameters('signature', `${signed.signature}x`),
    parameters('signature', [Buffer.from(other.address).toString('base64url'), app, proof].join('.')),
    parameters('signature', [account, Buffer.from('app-x').toString('base64url'), proof].join('.')),
  ])
    assert.deepEqual(await get(url), refused, url);
  for (const name of ['uid', 'expires', 'signature']) {
    const [status] = await get(changed(signed.read_url, (url) => url.searchParams.delete(name)));
    assert.equal(status, 400, name);
  }
  assert.equal(Number((await get(parameters('expires', '-1')))[0]), 400);
  const response = await operate(signed.read_url.replace('/file?', '/writeFile?'), 'write', { file: new File(['x'], 'x') });
  assert.equal(response.status, 403, 'one for reading never writes');
  assert.deepEqual((await ask('/sign', { items: [{ path: `${home}/none` }, { uid }] })).signatures[0], {});
  const folder = await sign(`${home}/links`, 'read');
  assert.deepEqual(await get(folder.read_url), [400, 'cannot_read_a_directory']);
});

test('one for writing writes, renames, copies, moves and trashes that entry, and reads it', async () => {
  verifies('drive.links.signatures');
  await write(`${home}/w/file.txt`, 'before');
  const { write_url: url, read_url: readUrl, uid } = await sign(`${home}/w/file.txt`, 'write');
  const written = await expectJson(await operate(url, 'write', { file: new File(['after'], 'ignored.txt') }));
  assert.deepEqual([written.uid, written.name, written.size], [uid, 'file.txt', 5]);
  assert.equal(await get(readUrl), 'after');
  assert.equal((await expectJson(await operate(url, 'rename', { new_name: 'new.txt' }))).path, `${home}/w/new.txt`);
  assert.equal((await operate(url, 'rename', { new_name: '../up' })).status, 400);

  const folder = await sign(`${home}/w`, 'write');
  const made = await expectJson(await operate(folder.write_url, 'mkdir', { name: 'inner' }));
  assert.deepEqual([made.path, made.is_dir], [`${home}/w/inner`, true]);
  const put = await expectJson(await operate(folder.write_url, 'write', { name: 'put.txt', file: new File(['put'], 'x') }));
  assert.equal(put.path, `${home}/w/put.txt`);
  assert.equal((await operate(folder.write_url, 'write', { name: 'put.txt', file: new File(['put'], 'x') })).status, 409);
  assert.equal((await operate(folder.write_url, 'write', { name: '../out.txt', file: new File(['x'], 'x') })).status, 400);

  const inner = await sign(`${home}/w/inner`, 'write');
  const copied = await expectJson(await operate(url, 'copy', { destination_write_url: inner.write_url }));
  assert.equal(copied.path, `${home}/w/inner/new.txt`);
  const readable = await sign(`${home}/w/inner`, 'read');
  for (const destination of ['', 'nonsense', readable.read_url, `${node.url}/x?uid=${inner.uid}&expires=1&signature=x`])
    assert.ok([400, 403].includes((await operate(url, 'move', { destination_write_url: destination })).status), destination);
  const moved = await expectJson(await operate(url, 'move', { destination_write_url: inner.write_url, new_name: 'moved.txt' }));
  assert.deepEqual([moved.uid, moved.path], [uid, `${home}/w/inner/moved.txt`]);
  await expectJson(await operate(url, 'delete'));
  assert.deepEqual(await get(readUrl), [404, 'subject_does_not_exist']);
  const { entries } = await expectJson(await owner.fetch('/api/drive/trash'));
  assert.ok(
    entries.some(({ name }: { name: string }) => name === 'moved.txt'),
    'what a link deletes can be restored',
  );
  for (const operation of ['format', '']) assert.equal((await operate(url, operation)).status, 400);
});

test('links end with the app they were made for, with a permission, and when all are revoked', async () => {
  verifies('drive.links.signatures');
  await write(`${home}/ending/a.txt`, 'a');
  const path = `${home}/ending/a.txt`;
  const { app_uid } = await ask('/auth/get-user-app-token', { origin: 'https://editor.example' });
  const forApp = await sign(path, 'write', { app_uid });
  assert.equal(await get(forApp.read_url), 'a');
  const own = await sign(path, 'read', {}, forApp.appToken);
  assert.equal(await get(own.read_url), 'a', 'the app was given the file, and a token');
  await ask('/auth/revoke-user-app', { app_uid, permission: `fs:${forApp.uid}:write` });
  for (const url of [forApp.read_url, own.read_url]) assert.deepEqual(await get(url), [404, 'subject_does_not_exist']);

  const again = await sign(path, 'read', { app_uid });
  await ask('/auth/revoke-user-app', { app_uid, permission: '*' });
  assert.deepEqual(await get(again.read_url), refused);
  await assert.rejects(sign(path, 'read', { app_uid: 'app-00000000-0000-0000-0000-000000000000' }));

  const mine = await sign(path, 'read');
  assert.equal((await other.fetch('/api/drive/signed-links', { method: 'DELETE' })).status, 204);
  assert.equal(await get(mine.read_url), 'a');
  assert.equal((await owner.fetch('/api/drive/signed-links', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await get(mine.read_url), refused);
  assert.equal(await get((await sign(path, 'read')).read_url), 'a');
});

test('nobody signs what it may not use', async () => {
  verifies('drive.links.signatures');
  const uid = await write(`${home}/private.txt`, 'mine');
  for (const item of [{ uid }, { path: `${home}/private.txt` }, { uid, action: 'write' }, {}, { uid: 'x' }])
    assert.deepEqual((await ask('/sign', { items: [item] }, other.token)).signatures, [{}], JSON.stringify(item));
  const app = await ask('/auth/get-user-app-token', { origin: 'https://nosy.example' });
  assert.deepEqual((await ask('/sign', { items: [{ uid }] }, app.token)).signatures, [{}]);
  await assert.rejects(ask('/sign', { app_uid: 'app-other', items: [] }, app.token), /403/);
  const { token } = await ask('/auth/create-access-token', { permissions: [`fs:${uid}:read`] });
  await assert.rejects(ask('/sign', { items: [{ uid }] }, token), /403/);
  await assert.rejects(ask('/sign', { items: Array.from({ length: 1001 }, () => ({ uid })) }), /400/);
});

test('an access token in a URL reads what it was made for until it is revoked; a session never does', async () => {
  verifies('drive.links.signatures');
  const uid = await write(`${home}/token.txt`, 'by token');
  const secret = await write(`${home}/secret.txt`, 'secret');
  const { token } = await ask('/auth/create-access-token', { permissions: [`fs:${uid}:read`], expiresIn: '24h' });
  const url = (of: string, by: string) => `${node.url}/token-read?uid=${of}&token=${encodeURIComponent(by)}`;
  assert.equal(await get(url(uid, token)), 'by token');
  assert.deepEqual(await get(url(secret, token)), [404, 'subject_does_not_exist']);
  const app = await ask('/auth/get-user-app-token', { origin: 'https://token.example' });
  for (const by of [owner.token, app.token, 'ft_none', 'x']) assert.deepEqual(await get(url(uid, by)), [401, 'token_auth_failed']);
  await ask('/auth/revoke-access-token', { tokenOrUuid: url(uid, token) });
  assert.deepEqual(await get(url(uid, token)), [401, 'token_auth_failed']);

  const down = await owner.fetch('/down', { method: 'POST', json: { path: `${home}/token.txt` } });
  assert.match(down.headers.get('content-disposition') ?? '', /^attachment/);
  assert.equal(await down.text(), 'by token');
  assert.equal((await other.fetch('/down', { method: 'POST', json: { uid } })).status, 404);
  assert.ok(!node.log.some((line) => line.includes('http.failed')), node.log.filter((line) => line.includes('http.failed')).join('\n'));
  assert.ok(!node.log.some((line) => line.includes(token)));
});
