import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { programInfo, programList } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { printing } from './testing/modules.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

const mebibyte = 1024 * 1024;
let node: TestNode;
let owner: Person;
let alice: Person;
let bob: Person;

before(async () => {
  node = await startTestNode({ programBytes: 3 * mebibyte });
  owner = await node.signIn();
  [alice, bob] = [await node.letIn(owner, 'member'), await node.letIn(owner, 'member')];
});
after(() => node.end());

/** A JavaScript module of about so many bytes, unlike any other. */
const script = (size: number) =>
  Buffer.from(`export default { fetch: () => new Response('x') }; // ${randomBytes(size / 2).toString('hex')}`);
const upload = (person: Person, body: Buffer) => person.fetch('/api/programs', { method: 'PUT', body: new Uint8Array(body) });
const listOf = async (person: Person) => programList.parse(await expectJson(await person.fetch('/api/programs')));
const codeOf = async (response: Response) => [response.status, JSON.parse(await response.text()).error.code];
const filesOf = () => readdirSync(join(node.dataDirectory, 'compute', 'programs'));

test('a seller keeps so many bytes of programs and no more, and makes room by letting go', async () => {
  verifies('compute.programs.quota');
  const first = programInfo.parse(await expectJson(await upload(alice, script(mebibyte))));
  await expectJson(await upload(alice, script(mebibyte)));
  const refused = await upload(alice, script(1.5 * mebibyte));
  assert.equal(refused.status, 507);
  assert.match(await refused.text(), /Your programs may take 3 MiB together .* freehold program remove CID/);
  assert.ok(
    filesOf().every((name) => !/^\.[0-9a-f]{8}-/.test(name)),
    'nothing is left of what was refused',
  );
  const { programs, usedBytes, limitBytes } = await listOf(alice);
  assert.deepEqual([programs.length, limitBytes], [2, 3 * mebibyte]);
  assert.equal(
    usedBytes,
    programs.reduce((sum, { size }) => sum + size, 0),
  );
  assert.equal((await listOf(bob)).usedBytes, 0);

  assert.deepEqual(await codeOf(await bob.fetch(`/api/programs/${first.cid}`, { method: 'DELETE' })), [404, 'program_unknown']);
  assert.equal((await alice.fetch(`/api/programs/${first.cid}`, { method: 'DELETE' })).status, 204);
  assert.ok(!filesOf().includes(first.cid));
  await expectJson(await upload(alice, script(1.5 * mebibyte)));
});

test('the owner of the node is not counted', async () => {
  verifies('compute.programs.quota');
  for (let index = 0; index < 4; index++) await expectJson(await upload(owner, script(mebibyte)));
  assert.equal((await listOf(owner)).limitBytes, null);
});

test('uploads at once and in parts count while they are under way', async () => {
  verifies('compute.programs.quota');
  const carol = await node.letIn(owner, 'member');
  const answers = await Promise.all(Array.from({ length: 6 }, () => upload(carol, script(mebibyte))));
  const kept = answers.filter(({ status }) => status === 201).length;
  assert.ok(kept <= 2, `${kept} of 1 MiB each were kept`);
  assert.ok((await listOf(carol)).usedBytes <= 3 * mebibyte);

  const dave = await node.letIn(owner, 'member');
  const begin = (size: number) =>
    dave.fetch('/api/programs/uploads', {
      method: 'POST',
      json: { sha256: createHash('sha256').update(randomBytes(8)).digest('hex'), size },
    });
  assert.equal((await begin(2 * mebibyte)).status, 201);
  assert.deepEqual(await codeOf(await begin(2 * mebibyte)), [507, 'quota_exceeded']);
});

test('a program that is sold is kept, and counts for each who sells it', async () => {
  verifies('compute.programs.quota');
  const program = printing('Content-Type: text/plain\n\nsold\n');
  const { id } = await sell(node, bob, { program, name: 'sold-by-bob', amount: '0' });
  const { cid } = (await listOf(bob)).programs[0] ?? assert.fail();
  assert.deepEqual(await codeOf(await bob.fetch(`/api/programs/${cid}`, { method: 'DELETE' })), [409, 'program_in_use']);
  await sell(node, owner, { program, name: 'sold-by-owner', amount: '0' });
  assert.equal((await bob.fetch(`/api/offers/${id}`, { method: 'DELETE' })).ok, true);
  assert.equal((await bob.fetch(`/api/programs/${cid}`, { method: 'DELETE' })).status, 204);
  assert.equal(await (await fetch(new URL('/sold-by-owner.cgi', node.url))).text(), 'sold\n');
});
