import type { Blockstore } from 'interface-blockstore';
import type { CID } from 'multiformats/cid';

/** As the drive has them; it looks at the multihash of a CID only, so that it does not matter whose class the CID is of. */
export type PublishedBlocks = {
  get(cid: CID): Promise<Uint8Array | undefined>;
  size(cid: CID): Promise<number | undefined>;
};

/** Published blocks as Helia wants to see a store: to read from, never to write into, and never to list. */
export function publishedBlockstore(blocks: PublishedBlocks): Blockstore {
  async function* get(cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await blocks.get(cid);
    if (!bytes) throw Object.assign(new Error('This node publishes no such block'), { name: 'NotFoundError' });
    yield bytes;
  }
  const refuse = () => {
    throw new Error('Published blocks are changed by publishing, not by peers');
  };
  return {
    get,
    has: async (cid) => (await blocks.size(cid)) !== undefined,
    async *getMany(cids) {
      for await (const cid of cids) yield { cid, bytes: get(cid) };
    },
    // eslint-disable-next-line require-yield -- what is published is not told to peers that do not know its CID
    async *getAll() {},
    put: refuse,
    putMany: refuse,
    delete: refuse,
    deleteMany: refuse,
  };
}
