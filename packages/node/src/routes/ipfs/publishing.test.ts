import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson } from '../../testing/test-node.ts';
import { alice, ask, closePublished, openPublished, publish, root, upload } from './testing/published.ts';

before(openPublished);
after(closePublished);

test('publishing over HTTP: publish, list, take back', async () => {
  verifies('drive.ipfs.publish', 'drive.ipfs.private', 'drive.ipfs.car');
  const { id, cid } = await upload(root, 'once.txt', 'published once');
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/entries/${id}/cid`)), { cid });
  const made = await publish(id);
  assert.equal(made.root, cid);
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/publications?entry=${id}`)), { publications: [made], next: null });
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/publications/${made.id}`)), made);
  const { publications, next } = await expectJson(await alice.fetch('/api/drive/publications?limit=2'));
  assert.equal(publications.length, 2);
  assert.equal((await expectJson(await alice.fetch(`/api/drive/publications?limit=2&after=${next}`))).publications.length, 2);
  assert.equal((await ask(`/ipfs/${cid}`)).body.toString(), 'published once');
  const car = await alice.fetch(`/api/drive/entries/${root}/car`);
  assert.equal(car.status, 200);
  assert.match(car.headers.get('content-disposition') ?? '', /drive\.car/);
  const exported = Buffer.from(await car.arrayBuffer());
  const taken = await expectJson(await alice.fetch(`/api/drive/cars?parent=${root}&name=copy`, { method: 'POST', body: exported }));
  assert.equal(taken.root, taken.cid);
  assert.ok(taken.files > 20);
  assert.equal((await ask(`/ipfs/${taken.cid}`)).status, 404, 'taking in is not publishing');
  assert.equal((await alice.fetch(`/api/drive/publications/${made.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await ask(`/ipfs/${cid}`)).status, 404);
  assert.equal((await alice.fetch(`/api/drive/publications/${made.id}`)).status, 404);
  assert.equal((await alice.fetch(`/api/drive/cars?parent=${root}`, { method: 'POST', body: 'no car' })).status, 400);
});
