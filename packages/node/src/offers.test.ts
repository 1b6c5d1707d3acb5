import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cidOf, rawCodec } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic, printing } from './testing/modules.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let other: Person;

before(async () => {
  node = await startTestNode();
  seller = await node.signIn();
  other = await node.letIn(seller, 'member');
});
after(() => node.end());

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const begin = (person: Person, bytes: Uint8Array) =>
  person.fetch('/api/programs/uploads', { method: 'POST', json: { sha256: sha256Of(bytes), size: bytes.length } });
const part = (person: Person, sha256: string, number: number, body: Uint8Array) =>
  person.fetch(`/api/programs/uploads/${sha256}/parts/${number}`, { method: 'PUT', body: Buffer.from(body) });
const complete = (person: Person, sha256: string) => person.fetch(`/api/programs/uploads/${sha256}/complete`, { method: 'POST', json: {} });

/** A module of some size: a custom section of noise does not change what it does. */
function padded(module: Buffer, size: number): Buffer {
  const noise = Buffer.concat([Buffer.from([1, 0x78]), randomBytes(size)]);
  const length: number[] = [];
  for (let rest = noise.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([module, Buffer.from([0, ...length]), noise]);
}

test('a large program arrives in parts, in any order and again, outlives a restart, and is not sent twice', async () => {
  verifies('compute.offers.upload');
  const bytes = padded(arithmetic, 17 * 1024 * 1024);
  const sha256 = sha256Of(bytes);
  const begun = await expectJson(await begin(seller, bytes));
  assert.deepEqual([begun.partCount, begun.received, begun.program], [3, [], null]);
  const slice = (number: number) => bytes.subarray((number - 1) * begun.partSize, number * begun.partSize);
  await expectJson(await part(seller, sha256, 3, slice(3)));
  await expectJson(await part(seller, sha256, 1, randomBytes(begun.partSize)));
  assert.equal((await part(seller, sha256, 2, slice(2).subarray(1))).status, 422);
  assert.equal((await part(seller, sha256, 4, slice(3))).status, 422);
  assert.equal((await complete(seller, sha256)).status, 422);

  const { dataDirectory } = node;
  await node.end({ keep: true });
  node = await startTestNode({ dataDirectory });
  seller = await node.signIn(seller.account);
  other = await node.signIn(other.account);
  assert.deepEqual((await expectJson(await begin(seller, bytes))).received, [1, 3]);
  assert.equal((await part(other, sha256, 2, slice(2))).status, 404, 'the upload of another is not to be found');
  await expectJson(await part(seller, sha256, 2, slice(2)));
  const wrong = await complete(seller, sha256);
  assert.deepEqual([wrong.status, JSON.parse(await wrong.text()).error.code], [422, 'program_refused'], 'the first part was noise');

  await expectJson(await begin(seller, bytes));
  for (const number of [1, 2, 3]) await expectJson(await part(seller, sha256, number, slice(number)));
  const program = await expectJson(await complete(seller, sha256));
  assert.deepEqual([program.cid, program.size], [cidOf(rawCodec, Buffer.from(sha256, 'hex')), bytes.length]);
  assert.equal((await expectJson(await complete(seller, sha256))).cid, program.cid, 'asked again, it answers the same');
  assert.equal((await expectJson(await begin(other, bytes))).program.cid, program.cid, 'nobody needs to send it again');
  assert.equal((await seller.fetch(`/api/programs/${program.cid}`, { method: 'HEAD' })).status, 200);
  assert.deepEqual(readdirSync(join(node.dataDirectory, 'compute', 'uploads')), [], 'nothing is left of the parts');
  assert.ok(readdirSync(join(node.dataDirectory, 'compute', 'programs')).every((name) => !/^\.[0-9a-f]{8}-/.test(name)));
});

test('an upload can be given up; too many and too large ones are refused', async () => {
  verifies('compute.offers.upload');
  const sizes = [1, 2, 3, 4].map((size) => Buffer.alloc(size, size));
  for (const bytes of sizes) await expectJson(await begin(other, bytes));
  assert.equal((await begin(other, Buffer.alloc(5))).status, 429);
  for (const bytes of sizes)
    assert.equal((await other.fetch(`/api/programs/uploads/${sha256Of(bytes)}`, { method: 'DELETE' })).status, 204);
  assert.equal((await other.fetch(`/api/programs/uploads/${sha256Of(Buffer.alloc(1, 1))}`)).status, 404);
  const large = await seller.fetch('/api/programs/uploads', { method: 'POST', json: { sha256: 'a'.repeat(64), size: 2 ** 40 } });
  assert.equal(large.status, 413);
  const module = await seller.fetch('/api/programs', { method: 'PUT', body: padded(arithmetic, 33 * 1024 * 1024) });
  assert.equal(module.status, 413);
  assert.equal((await seller.fetch(`/api/programs/${cidOf(rawCodec, Buffer.alloc(32))}`, { method: 'HEAD' })).status, 404);
});

test('offers are listed a page at a time, and found by tag, word, seller and interface', async () => {
  verifies('compute.offers.list');
  const at = Date.now();
  const program = printing('Content-Type: text/plain\n\nhi');
  await sell(node, seller, { program: arithmetic, name: 'one', tags: ['math', 'small'], title: 'Sums & 100% more', createdAt: at - 3 });
  await sell(node, seller, { program, name: 'two', tags: ['text'], description: 'Says HELLO to whoever asks', createdAt: at - 2 });
  await sell(node, other, { program, name: 'three', tags: ['text', 'small'], createdAt: at - 1 });
  const names = async (query: string) => {
    const { offers, next } = await expectJson(await fetch(new URL(`/api/offers?${query}`, node.url)));
    return { names: offers.map(({ offer }: { offer: { name: string } }) => offer.name).join(' '), next };
  };
  assert.equal((await names('')).names, 'three two one');
  assert.equal((await names('tag=small')).names, 'three one');
  assert.equal((await names('tag=smal')).names, '');
  assert.equal((await names('text=hello')).names, 'two');
  assert.equal((await names('text=100%25%20MORE')).names, 'one');
  assert.equal((await names('text=0%25m')).names, '', 'a wildcard is a letter like any other');
  assert.equal((await names(`owner=${other.address}`)).names, 'three');
  assert.equal((await names('interface=tool')).names, '');
  assert.equal((await names(`interface=cgi&tag=text&owner=${seller.address}`)).names, 'two');
  const first = await names('limit=2');
  assert.equal(first.names, 'three two');
  assert.deepEqual(await names(`limit=2&after=${first.next}`), { names: 'one', next: null });
  for (const query of ['limit=0', 'limit=501', 'after=x', 'owner=me', 'surprise=1'])
    assert.equal((await fetch(new URL(`/api/offers?${query}`, node.url))).status, 400, query);
});

test('a name moves to a new version of its offer without a moment in which it leads nowhere', async () => {
  verifies('compute.offers.versions');
  const versions = ['first', 'second'].map((text) => printing(`Content-Type: text/plain\n\n${text}`));
  await sell(node, seller, { program: versions[0] ?? arithmetic, name: 'moving', amount: '0' });
  const over = new AbortController();
  const seen = new Set<string>();
  const calls = (async () => {
    while (!over.signal.aborted) {
      const answer = await fetch(new URL('/moving.cgi', node.url));
      assert.equal(answer.status, 200);
      seen.add(await answer.text());
    }
  })();
  for (let round = 1; round <= 8; round++)
    await sell(node, seller, { program: versions[round % 2] ?? arithmetic, name: 'moving', amount: '0', createdAt: Date.now() });
  over.abort();
  await calls;
  assert.ok(seen.has('first') && seen.has('second'), [...seen].join());
  assert.equal((await expectJson(await fetch(new URL('/api/offers?text=moving', node.url)))).offers.length, 1);
});
