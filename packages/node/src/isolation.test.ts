import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let alice: Person;
let bob: Person;

before(async () => {
  node = await startTestNode();
  alice = await node.signIn();
  bob = await node.letIn(alice, 'member');
});
after(() => node.end());

test('no route gives one account anything of another, and a foreign id looks like one that does not exist', async () => {
  verifies('cloud.isolation', 'foundation.drive.isolation');
  const root = await expectJson(await alice.fetch('/api/drive/root'));
  const upload = (name: string) => alice.fetch(`/api/drive/files?parent=${root.id}&name=${name}`, { method: 'PUT', body: 'secret' });
  await expectJson(await upload('diary.txt'));
  const replacement = { method: 'PUT', body: 'secret' };
  await expectJson(
    await alice.fetch(`/api/drive/files?parent=${root.id}&name=diary.txt&onConflict=replace`, { ...replacement, body: 'diary' }),
  );
  const file = await expectJson(await alice.fetch(`/api/drive/files?parent=${root.id}&name=diary.txt&onConflict=replace`, replacement));
  const trashed = await expectJson(await upload('old.txt'));
  await expectJson(await alice.fetch(`/api/drive/entries/${trashed.id}`, { method: 'DELETE' }));
  const { sessions } = await expectJson(await alice.fetch('/api/sessions'));
  const own = await expectJson(await bob.fetch('/api/drive/root'));

  const attempts: [method: string, path: string, json?: unknown][] = [
    ['GET', `/api/drive/entries?parent=${root.id}`],
    ['GET', `/api/drive/entries/${file.id}`],
    ['GET', `/api/drive/files/${file.id}/content`],
    ['PUT', `/api/drive/files?parent=${root.id}&name=planted`],
    ['POST', '/api/drive/folders', { parent: root.id, name: 'planted' }],
    ['PATCH', `/api/drive/entries/${file.id}`, { name: 'mine' }],
    ['PATCH', `/api/drive/entries/${file.id}`, { parent: own.id }],
    ['DELETE', `/api/drive/entries/${file.id}`],
    ['GET', `/api/drive/entries/${file.id}/versions`],
    ['GET', `/api/drive/entries/${file.id}/versions/1/content`],
    ['POST', `/api/drive/entries/${file.id}/versions/1/restore`],
    ['PATCH', `/api/drive/entries/${file.id}/versions/1`, { name: 'mine' }],
    ['DELETE', `/api/drive/entries/${file.id}/versions/1`],
    ['POST', `/api/drive/trash/${trashed.id}/restore`],
    ['DELETE', `/api/drive/trash/${trashed.id}`],
    ['DELETE', `/api/sessions/${sessions[0].id}`],
  ];
  for (const [method, path, json] of attempts) {
    const response = await bob.fetch(path, { method, ...(json !== undefined && { json }), ...(method === 'PUT' && { body: 'x' }) });
    assert.equal(response.status, 404, `${method} ${path}`);
    assert.doesNotMatch(await response.text(), /secret|diary/);
  }
  assert.equal((await bob.fetch('/api/drive/stat?path=/diary.txt')).status, 404);
  assert.deepEqual((await expectJson(await bob.fetch('/api/drive/trash'))).entries, []);
  assert.equal(await (await alice.fetch(`/api/drive/files/${file.id}/content`)).text(), 'secret');
});

test('what is removed from the allow-list is out at once', async () => {
  verifies('cloud.access');
  assert.equal((await bob.fetch('/api/drive/root')).status, 200);
  assert.equal((await alice.fetch(`/api/accounts/${bob.address}`, { method: 'DELETE' })).status, 204);
  assert.equal((await bob.fetch('/api/drive/root')).status, 401);
  await assert.rejects(node.signIn(bob.account), /not_allowed/);
});
