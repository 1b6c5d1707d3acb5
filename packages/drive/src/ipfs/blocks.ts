import type { Database } from '@freehold/database';
import type { CID } from 'multiformats/cid';
import type { BlobStore } from '../blob-store.ts';
import { blockRows } from '../store/publications.ts';

/** Where blocks are found. A block that is not there is undefined, whoever asks and why ever. */
export type Blocks = {
  get(cid: CID): Promise<Uint8Array | undefined>;
  /** Bytes of a block, without reading it. */
  size(cid: CID): Promise<number | undefined>;
  /** The file that begins with a block, where it is stored as one: to be read without going block by block. */
  fileFrom?(first: CID): Promise<StoredFile | undefined>;
};

export type StoredFile = { cid: string; read(extent: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> };

const identity = 0x00;
const sha256 = 0x12;

/** The block that an identity CID carries in itself, and that therefore needs no store. */
export const inlined = ({ multihash }: CID): Uint8Array | undefined => (multihash.code === identity ? multihash.digest : undefined);

/**
 * The published blocks: the only way from a CID to bytes. `publication` narrows to one publication, also while it is not live.
 * The codec of the CID plays no part: a block is its bytes, and what they mean is for who reads them.
 */
export function openBlocks({ database, blobs }: { database: Database; blobs: BlobStore }, publication?: string): Blocks {
  const find = async ({ multihash }: CID) =>
    multihash.code === sha256 ? blockRows(database.read, publication).find(multihash.digest) : undefined;

  return {
    async size(cid) {
      return inlined(cid)?.length ?? (await find(cid))?.length;
    },

    async fileFrom(first) {
      const found = await find(first);
      if (!found || found.blob === null || found.start !== 0) return undefined;
      const { blob, blob_size } = found;
      return { cid: blob, read: ({ start, end }) => blobs.read({ cid: blob, size: blob_size ?? 0, start, length: end - start }) };
    },

    async get(cid) {
      const own = inlined(cid);
      if (own) return own;
      const found = await find(cid);
      if (!found) return undefined;
      if (found.blob === null) return found.content ?? undefined;
      const { blob, blob_size, start, length } = found;
      const pieces: Uint8Array[] = [];
      for await (const piece of await blobs.read({ cid: blob, size: blob_size ?? 0, start, length })) pieces.push(piece);
      return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    },
  };
}
