import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CarReader, CID } from '../../packages/drive/src/testing/ipld.ts';
import { expectJson, startTestNode, type TestNode } from '../../packages/node/src/testing/test-node.ts';
import { verifies } from '../../requirements/verifies.ts';

const extra = join(import.meta.dirname, '../../extras/bitswap');
const skip = existsSync(join(extra, 'node_modules', 'helia')) ? false : 'Helia is not installed: npm ci --prefix extras/bitswap';

/** What Helia, in a process of its own, gets for each CID: the SHA-256 of the block, or the name of an error. */
async function fetchWithHelia(how: 'http' | 'bitswap', where: string, cids: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(extra, 'testing/fetch.ts'), how, where, ...cids], {
    timeout: 60_000,
  });
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
  );
}

/** Publishes a file of several blocks and keeps another to itself. */
async function furnish(node: TestNode) {
  const alice = await node.signIn();
  const { id: parent } = await expectJson(await alice.fetch('/api/drive/root'));
  const upload = async (name: string, body: Buffer | string) =>
    expectJson(await alice.fetch(`/api/drive/files?parent=${parent}&name=${name}`, { method: 'PUT', body }));
  const file = await upload('large.bin', Buffer.alloc(5_000_000, 'blocks that differ from each other '));
  const secret = await upload('secret.txt', 'for nobody');
  await expectJson(await alice.fetch('/api/drive/publications', { method: 'POST', json: { entry: file.id } }));
  const car = await CarReader.fromBytes(Buffer.from(await (await alice.fetch(`/api/drive/entries/${file.id}/car`)).arrayBuffer()));
  const blocks = new Map<string, string>();
  for await (const { cid, bytes } of car.blocks()) blocks.set(cid.toString(), createHash('sha256').update(bytes).digest('hex'));
  return { blocks, secret: CID.parse(secret.cid).toString() };
}

test('Helia fetches what is published from the gateway, and nothing else', { skip, timeout: 120_000 }, async (t) => {
  verifies('drive.ipfs.peers', 'cloud.files.ipfs');
  const node = await startTestNode();
  t.after(() => node.end());
  const { blocks, secret } = await furnish(node);
  const found = await fetchWithHelia('http', node.url.replace('localhost', '127.0.0.1'), [...blocks.keys(), secret]);
  assert.equal(blocks.size, 6);
  for (const [cid, hash] of blocks) assert.equal(found.get(cid), hash);
  assert.match(found.get(secret) ?? '', /Error$/);
});

test('Helia fetches what is published over bitswap, and nothing else', { skip, timeout: 120_000 }, async (t) => {
  verifies('drive.ipfs.peers', 'cloud.files.ipfs');
  const node = await startTestNode({ bitswap: true });
  t.after(() => node.end());
  const { blocks, secret } = await furnish(node);
  const [address = ''] = node.peerAddresses;
  assert.match(address, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/);
  const found = await fetchWithHelia('bitswap', address, [...blocks.keys(), secret]);
  for (const [cid, hash] of blocks) assert.equal(found.get(cid), hash);
  assert.match(found.get(secret) ?? '', /Error$/);
});
