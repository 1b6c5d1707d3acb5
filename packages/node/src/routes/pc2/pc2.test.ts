import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let file: { id: string; cid: string };

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/stat?path=/Documents'));
  for (const body of ['one', 'two!', 'three'])
    file = await expectJson(
      await owner.fetch(`/api/drive/files?parent=${parent}&name=note.txt&onConflict=replace`, { method: 'PUT', body }),
    );
});
after(() => node.end());

test("PC2's versions: listed, read as base64, restored; by any spelling of the own path, never by another's", async () => {
  verifies('drive.pc2', 'cloud.files.versions');
  const at = (path: string) => `path=${encodeURIComponent(path)}`;
  for (const path of ['/Documents/note.txt', '~/Documents/note.txt', `/${owner.address.toLowerCase()}/Documents/note.txt`]) {
    const [newest, oldest] = await expectJson(await owner.fetch(`/versions?${at(path)}`));
    assert.deepEqual(
      [newest.version_number, newest.size, newest.mime_type, newest.created_by, oldest.version_number, Object.keys(newest).sort()],
      [
        2,
        4,
        'text/plain',
        owner.address,
        1,
        ['comment', 'created_at', 'created_by', 'id', 'ipfs_hash', 'mime_type', 'size', 'version_number'],
      ],
    );
  }
  const path = `/${owner.address}/Documents/note.txt`;
  const first = await expectJson(await owner.fetch(`/versions/1?${at(path)}`));
  assert.deepEqual(first, { version: 1, content: Buffer.from('one').toString('base64'), content_type: 'text/plain' });
  const restored = await expectJson(await owner.fetch('/versions/1/restore', { method: 'POST', json: { path } }));
  assert.deepEqual([restored.success, restored.restored_version], [true, 1]);
  assert.equal(await (await owner.fetch(`/api/drive/files/${file.id}/content`)).text(), 'one');
  for (const wrong of [path, '/Documents/note.txt', '../Documents/note.txt', '/etc/passwd', '/']) {
    const { status } = await member.fetch(`/versions?${at(wrong)}`);
    assert.ok(status === 404 || (wrong === '/' && status < 500), `${wrong}: ${status}`);
  }
  assert.equal((await owner.fetch(`/versions/99?${at(path)}`)).status, 404);
  assert.equal((await owner.fetch('/versions')).status, 400);
});

test("PC2's storage: what is used, by type, the largest files; only the owner changes limits", async () => {
  verifies('drive.pc2');
  const { total, byType, largestFiles } = await expectJson(await owner.fetch('/api/storage/usage'));
  assert.deepEqual(total, { size: 3, files: 1, filesWithCID: 1 });
  assert.deepEqual(byType, [{ type: 'text/plain', count: 1, size: 3 }]);
  assert.deepEqual([largestFiles[0].path, largestFiles.length], [`/${owner.address}/Documents/note.txt`, 1]);
  assert.equal((await member.fetch('/api/storage/limit', { method: 'POST', json: { limit: 1e12 } })).status, 403);
  await expectJson(await owner.fetch('/api/storage/limit', { method: 'POST', json: { limit: 1000, wallet: member.address } }));
  assert.equal((await expectJson(await member.fetch('/api/storage/limit'))).limit, 1000);
});

test("PC2's public files: pinned on purpose, found by path and by CID, gone when taken back; private ones are nowhere", async () => {
  verifies('drive.pc2');
  const { cid } = await expectJson(await owner.fetch(`/api/drive/entries/${file.id}`));
  const publicly = (path: string) => fetch(new URL(path, node.url), { redirect: 'manual' });
  const path = `/public/${owner.address}/Documents/note.txt`;
  assert.equal((await publicly(path)).status, 404);
  assert.equal((await member.fetch(`/api/pin/${cid}`, { method: 'POST' })).status, 404, 'nobody pins what only another has');
  const pinned = await expectJson(await owner.fetch(`/api/pin/${cid}`, { method: 'POST' }));
  assert.deepEqual([pinned.success, pinned.cid, pinned.url], [true, cid, `${new URL(node.url).origin}/ipfs/${cid}`]);
  const found = await publicly(path);
  assert.deepEqual([found.status, found.headers.get('location')], [302, `/ipfs/${cid}`]);
  for (const other of ['Documents', 'Documents/other', '', 'Documents/note.txt/../../AppData', '..%2f..'])
    assert.equal((await publicly(`/public/${owner.address}/${other}`)).status, 404, other);
  assert.equal((await publicly(`/public/${member.address}/x`)).status, 404);
  assert.equal((await publicly('/public/nobody/x')).status, 404);
  assert.equal((await expectJson(await owner.fetch('/api/public/list'))).files[0].cid, cid);
  assert.deepEqual((await expectJson(await member.fetch('/api/public/list'))).files, []);
  assert.equal((await expectJson(await owner.fetch('/api/public/stats'))).size, 3);
  await expectJson(await publicly('/api/public/info'));
  await expectJson(await publicly('/api/public/network'));
  assert.equal((await member.fetch(`/api/pin/${cid}`, { method: 'DELETE' })).status, 404);
  await expectJson(await owner.fetch(`/api/pin/${cid}`, { method: 'DELETE' }));
  assert.equal((await publicly(path)).status, 404);
});
