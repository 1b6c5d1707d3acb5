import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, startTestNode } from './testing/test-node.ts';

/** A PNG of one red pixel. */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

test('a search answers the caller with entries of its own drive and their paths, in pages', async (t) => {
  verifies('drive.search.names', 'drive.search.isolation');
  const node = await startTestNode();
  t.after(() => node.end());
  const owner = await node.signIn();
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/root'));
  for (const name of ['Report 1.txt', 'report 2.txt', 'other.txt'])
    await expectJson(await owner.fetch(`/api/drive/files?parent=${parent}&name=${name}`, { method: 'PUT', body: name }));
  const first = await expectJson(await owner.fetch('/api/drive/search?text=REPORT&limit=1'));
  assert.deepEqual(
    first.entries.map(({ path }: { path: string }) => path),
    ['/report 2.txt'],
  );
  const second = await expectJson(await owner.fetch(`/api/drive/search?text=REPORT&limit=1&after=${first.next}`));
  assert.deepEqual([second.entries.map(({ path }: { path: string }) => path), second.next], [['/Report 1.txt'], null]);
  assert.equal((await owner.fetch('/api/drive/search?text=')).status, 400);
  assert.equal((await owner.fetch('/api/drive/search?text=a&after=x')).status, 400);
});

test('a picture has a thumbnail and facts, for its own account alone', async (t) => {
  verifies('drive.thumbnails', 'drive.search.content');
  const node = await startTestNode();
  t.after(() => node.end());
  const owner = await node.signIn();
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/root'));
  const put = async (name: string, body: string | Uint8Array<ArrayBuffer>) =>
    expectJson(await owner.fetch(`/api/drive/files?parent=${parent}&name=${name}`, { method: 'PUT', body }));
  const picture = await put('picture.png', Buffer.from(onePixel, 'base64'));
  const text = await put('text.txt', 'nothing to see, yet words to find');
  const answer = await owner.fetch(`/api/drive/files/${picture.id}/thumbnail`);
  const etag = answer.headers.get('etag') ?? '';
  assert.deepEqual(
    [answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')],
    [200, 'image/webp', 'private, max-age=60'],
  );
  assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/);
  assert.equal(Buffer.from(await answer.arrayBuffer()).toString('latin1', 8, 12), 'WEBP');
  const again = await owner.fetch(`/api/drive/files/${picture.id}/thumbnail`, { headers: { 'if-none-match': etag } });
  assert.equal(again.status, 304);
  assert.deepEqual(await expectJson(await owner.fetch(`/api/drive/files/${picture.id}/facts`)), { width: 1, height: 1, format: 'png' });

  assert.equal((await owner.fetch(`/api/drive/files/${text.id}/thumbnail`)).status, 404);
  const { entries } = await expectJson(await owner.fetch('/api/drive/search?text=words%20find&in=content'));
  assert.deepEqual([entries.length, entries[0].path, entries[0].snippet], [1, '/text.txt', 'nothing to see, yet words to find']);
  const give = (thumbnail: string | null) => owner.fetch(`/api/drive/files/${text.id}/thumbnail`, { method: 'PUT', json: { thumbnail } });
  assert.equal((await give(`data:image/png;base64,${onePixel}`)).status, 204);
  assert.equal((await owner.fetch(`/api/drive/files/${text.id}/thumbnail`)).status, 200);
  assert.equal((await give('data:text/html;base64,AAAA')).status, 400);
  assert.equal((await give(null)).status, 204);
  assert.equal((await owner.fetch(`/api/drive/files/${text.id}/thumbnail`)).status, 404);

  const other = await node.letIn(owner, 'member');
  for (const path of ['thumbnail', 'facts']) assert.equal((await other.fetch(`/api/drive/files/${picture.id}/${path}`)).status, 404);
  assert.deepEqual((await expectJson(await other.fetch('/api/drive/search?text=words%20find'))).entries, []);
});
