import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let alice: Person;
before(async () => {
  node = await startTestNode();
  alice = await node.signIn();
});
after(() => node.end());

test('versions over HTTP: listed, read in ranges, named, restored, deleted', async () => {
  verifies('drive.versions', 'cloud.files.versions');
  const { id: root } = await expectJson(await alice.fetch('/api/drive/root'));
  const write = async (body: string) =>
    expectJson(await alice.fetch(`/api/drive/files?parent=${root}&name=letter.txt&onConflict=replace`, { method: 'PUT', body }));
  await write('first');
  await write('second!');
  const { id } = await write('third');
  const url = `/api/drive/entries/${id}/versions`;
  const list = async () => (await expectJson(await alice.fetch(url))).versions;
  assert.deepEqual(
    (await list()).map(({ number, size }: { number: number; size: number }) => [number, size]),
    [
      [2, 7],
      [1, 5],
    ],
  );
  assert.deepEqual((await expectJson(await alice.fetch(`${url}?before=2&limit=1`))).versions.length, 1);

  const whole = await alice.fetch(`${url}/1/content`);
  assert.deepEqual(
    [await whole.text(), whole.headers.get('content-disposition')?.startsWith('inline; filename="letter.txt"')],
    ['first', true],
  );
  const etag = whole.headers.get('etag') ?? '';
  assert.equal((await alice.fetch(`${url}/1/content`, { headers: { 'if-none-match': etag } })).status, 304);
  const part = await alice.fetch(`${url}/2/content?download=1`, { headers: { range: 'bytes=-3' } });
  assert.deepEqual([part.status, part.headers.get('content-range'), await part.text()], [206, 'bytes 4-6/7', 'nd!']);
  assert.equal((await alice.fetch(`${url}/1/content`, { headers: { range: 'bytes=5-' } })).status, 416);
  const head = await alice.fetch(`${url}/1/content`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5']);

  assert.equal((await expectJson(await alice.fetch(`${url}/1`, { method: 'PATCH', json: { name: ' sent ' } }))).name, 'sent');
  const restored = await expectJson(await alice.fetch(`${url}/1/restore`, { method: 'POST' }));
  assert.deepEqual([restored.id, `"${restored.cid}"`], [id, etag]);
  assert.equal(await (await alice.fetch(`/api/drive/files/${id}/content`)).text(), 'first');
  assert.equal((await alice.fetch(`${url}/2`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(
    (await list()).map(({ number, name }: { number: number; name?: string }) => [number, name]),
    [
      [3, undefined],
      [1, 'sent'],
    ],
  );
  for (const [method, path] of [
    ['GET', '/2/content'],
    ['POST', '/2/restore'],
    ['DELETE', '/99'],
  ] as const) {
    const refused = await alice.fetch(`${url}${path}`, { method });
    assert.deepEqual([refused.status, JSON.parse(await refused.text()).error.code], [404, 'version_not_found']);
  }
  assert.equal((await alice.fetch(`${url}/0/content`)).status, 400);
});

test('retention over HTTP', async () => {
  verifies('drive.retention');
  const read = async () => expectJson(await alice.fetch('/api/drive/retention'));
  assert.deepEqual(await read(), { versions: 20, versionDays: 365, trashDays: 30 });
  const set = (json: unknown) => alice.fetch('/api/drive/retention', { method: 'PATCH', json });
  assert.deepEqual(await expectJson(await set({ versions: 5, trashDays: 0 })), { versions: 5, versionDays: 365, trashDays: 0 });
  assert.deepEqual(await read(), { versions: 5, versionDays: 365, trashDays: 0 });
  for (const json of [{ versions: -1 }, { versions: 1001 }, { trashDays: 1.5 }, { other: 1 }]) assert.equal((await set(json)).status, 400);
  assert.deepEqual(await expectJson(await set({ versions: null, trashDays: null })), { versions: 20, versionDays: 365, trashDays: 30 });
});
