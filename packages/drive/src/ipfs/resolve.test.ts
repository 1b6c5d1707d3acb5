import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnixFS } from 'ipfs-unixfs';
import { verifies } from '../../../../requirements/verifies.ts';
import { cborBlock, folderBlock, pbBlock, rawBlock, type Block } from '../testing/car.ts';
import type { Blocks } from './blocks.ts';
import { nameHash } from './folder-dag.ts';
import { childrenOf, loadNode, resolvePath } from './resolve.ts';

const blocksOf = (list: readonly Block[]): Blocks => {
  const known = new Map(list.map(({ cid, bytes }) => [cid.toString(), bytes]));
  return { get: async (cid) => known.get(cid.toString()), size: async (cid) => known.get(cid.toString())?.length };
};

/** Sharded folders with `bits` of the hash at each level, as other programs may make them. */
function shardsOf(names: readonly string[], leaf: Block, bits: number, made: Block[], position = 0): Block {
  const digits = (2 ** bits - 1).toString(16).length;
  const slots = Map.groupBy(names, (name) => {
    const hash = [...nameHash(name)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return parseInt(hash.slice(position, position + bits), 2)
      .toString(16)
      .toUpperCase()
      .padStart(digits, '0');
  });
  const links = [...slots].map(([prefix, [first = '', ...more]]) =>
    more.length === 0
      ? { name: prefix + first, cid: leaf.cid }
      : { name: prefix, cid: shardsOf([first, ...more], leaf, bits, made, position + bits).cid },
  );
  const data = new UnixFS({ type: 'hamt-sharded-directory', data: Uint8Array.of(1), hashType: 0x22n, fanout: BigInt(2 ** bits) });
  const block = pbBlock({ data, links });
  made.push(block);
  return block;
}

test('sharded folders of every fanout are walked by name and as a whole', async () => {
  verifies('drive.ipfs.profile');
  const names = Array.from({ length: 700 }, (_, index) => `näme ${index}`);
  const leaf = rawBlock('x');
  for (const bits of [3, 4, 5, 8, 9, 10]) {
    const made = [leaf];
    const root = shardsOf(names, leaf, bits, made);
    const blocks = blocksOf(made);
    for (const name of names)
      assert.equal((await resolvePath(blocks, root.cid, [name])).cid.toString(), leaf.cid.toString(), `${bits} ${name}`);
    const found = (await Array.fromAsync(childrenOf(blocks, await loadNode(blocks, root.cid)))).map(({ name }) => name);
    assert.deepEqual(new Set(found), new Set(names));
    for (const name of ['', 'name 0', 'näme 700', '00', '0', 'A'])
      await assert.rejects(resolvePath(blocks, root.cid, [name]), { code: 'content_not_found' });
  }
});

test('blocks that lie about what they are, or lead nowhere, are told so', async () => {
  const leaf = rawBlock('x');
  const odd = (fanout: bigint) =>
    pbBlock({ data: new UnixFS({ type: 'hamt-sharded-directory', data: Uint8Array.of(1), hashType: 0x22n, fanout }) });
  const missing = folderBlock([{ name: 'x', cid: leaf.cid }]);
  const short = pbBlock({
    data: new UnixFS({ type: 'hamt-sharded-directory', data: Uint8Array.of(1), hashType: 0x22n, fanout: 256n }),
    links: [{ name: 'A', cid: leaf.cid }],
  });
  let nested: unknown = 1;
  for (let depth = 0; depth < 600; depth++) nested = [nested];
  const deep = cborBlock(nested);
  const sizes = pbBlock({ data: new UnixFS({ type: 'file', blockSizes: [5n] }) });
  for (const block of [odd(0n), odd(7n), odd(2n ** 40n), deep, sizes, pbBlock({ data: new UnixFS({ type: 'metadata' }) })])
    await assert.rejects(loadNode(blocksOf([block]), block.cid), { code: 'content_broken', status: 422 });
  await assert.rejects(resolvePath(blocksOf([missing]), missing.cid, ['x']), { code: 'content_not_found' });
  await assert.rejects(resolvePath(blocksOf([missing]), missing.cid, ['x'.repeat(5000)]), { code: 'content_not_found' });
  const walk = blocksOf([short, leaf]);
  await assert.rejects(Array.fromAsync(childrenOf(walk, await loadNode(walk, short.cid))), { code: 'content_broken' });
});
