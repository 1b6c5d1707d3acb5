import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let root: string;
before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  root = (await expectJson(await owner.fetch('/api/drive/root'))).id;
});
after(() => node.end());

const MiB = 1 << 20;
const bytes = randomBytes(12 * MiB);
const begin = (name: string, more: object = {}) =>
  owner.fetch('/api/drive/uploads', { method: 'POST', json: { parent: root, name, size: bytes.length, ...more } });
const put = (id: string, number: number | string, body: Buffer, person = owner) =>
  person.fetch(`/api/drive/uploads/${id}/parts/${number}`, { method: 'PUT', body: new Uint8Array(body) });

test('an upload goes on where it broke off', async () => {
  verifies('drive.uploads.resume', 'cloud.files.upload');
  const { id, partSize, partCount, received } = await expectJson(await begin('a.bin', { fingerprint: '1' }));
  assert.deepEqual([partSize, partCount, received], [10 * MiB, 2, []]);
  await expectJson(await put(id, 2, bytes.subarray(10 * MiB)));
  const broken = new AbortController();
  const stalled = fetch(new URL(`/api/drive/uploads/${id}/parts/1`, node.url), {
    method: 'PUT',
    headers: { authorization: `Bearer ${owner.token}` },
    duplex: 'half',
    signal: broken.signal,
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(0, MiB));
        setTimeout(() => broken.abort(), 100);
      },
    }),
  });
  await assert.rejects(stalled);
  const again = await expectJson(await begin('a.bin', { fingerprint: '1' }));
  assert.deepEqual([again.id, again.received], [id, [2]]);
  assert.equal((await owner.fetch(`/api/drive/uploads/${id}/complete`, { method: 'POST', json: {} })).status, 400);
  await expectJson(await put(id, 1, bytes.subarray(0, 10 * MiB)));
  const file = await expectJson(await owner.fetch(`/api/drive/uploads/${id}/complete`, { method: 'POST', json: {} }));
  const content = await (await owner.fetch(`/api/drive/files/${file.id}/content`)).arrayBuffer();
  assert.ok(bytes.equals(Buffer.from(content)));
  assert.equal((await begin('a.bin')).status, 409);
  const beside = await expectJson(await begin('a.bin', { onConflict: 'rename' }));
  assert.equal((await owner.fetch(`/api/drive/uploads/${beside.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await owner.fetch(`/api/drive/uploads/${beside.id}`)).status, 404);
});

test('another person cannot look at an upload, send to it or end it', async () => {
  verifies('drive.uploads.parts');
  const other = await node.letIn(owner, 'member');
  const { id } = await expectJson(await begin('b.bin'));
  const url = `/api/drive/uploads/${id}`;
  assert.equal((await other.fetch(url)).status, 404);
  assert.equal((await put(id, 1, bytes.subarray(0, 10 * MiB), other)).status, 404);
  assert.equal((await other.fetch(`${url}/complete`, { method: 'POST', json: {} })).status, 404);
  assert.equal((await other.fetch(url, { method: 'DELETE' })).status, 404);
  const begun = await other.fetch('/api/drive/uploads', { method: 'POST', json: { parent: root, name: 'x', size: 1 } });
  assert.equal(begun.status, 404);
  await owner.fetch(url, { method: 'DELETE' });
});

test('nonsense is refused and leaves nothing', async () => {
  verifies('drive.uploads.parts');
  for (const more of [{ size: -1 }, { size: 1.5 }, { size: '9' }, { name: '' }, { name: '../x' }, { name: 'a/b' }, { name: 'a\u0000' }])
    assert.equal((await begin('x', more)).status, 400, JSON.stringify(more));
  assert.equal((await begin('x', { size: 2 ** 50 })).status, 507);
  const { id } = await expectJson(await begin('x'));
  for (const number of [0, 3, -1, 1.5, 'x', '1e9', '%00'])
    assert.equal((await put(id, number, Buffer.from('x'))).status, 400, String(number));
  assert.equal((await put(id, 1, Buffer.from('short'))).status, 400);
  assert.equal((await put('none', 1, Buffer.from('x'))).status, 404);
  assert.equal((await owner.fetch(`/api/drive/uploads/${id}`, { method: 'DELETE' })).status, 204);
});
