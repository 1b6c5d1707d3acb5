import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, startTestNode } from './testing/test-node.ts';

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
