import { createHash } from 'node:crypto';
import * as dagCbor from '@ipld/dag-cbor';
import * as dagPb from '@ipld/dag-pb';
import { CarWriter } from '@ipld/car';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';

export type Block = { cid: CID; bytes: Uint8Array };

const digest = (bytes: Uint8Array) => Digest.create(0x12, createHash('sha256').update(bytes).digest());

export const rawBlock = (bytes: Uint8Array | string): Block => {
  const content = Uint8Array.from(Buffer.from(bytes));
  return { cid: CID.createV1(0x55, digest(content)), bytes: content };
};
export const cborBlock = (value: unknown): Block => {
  const bytes = dagCbor.encode(value);
  return { cid: CID.createV1(dagCbor.code, digest(bytes)), bytes };
};

/** A dag-pb block, of version 0 as long as nothing else is asked for. */
export function pbBlock({
  data,
  links = [],
  version = 0,
}: {
  data?: UnixFS;
  links?: { name: string; cid: CID; total?: number }[];
  version?: 0 | 1;
}): Block {
  const bytes = dagPb.encode(
    dagPb.prepare({
      ...(data && { Data: data.marshal() }),
      Links: links.map(({ name, cid, total = 1 }) => ({ Name: name, Hash: cid, Tsize: total })),
    }),
  );
  return { cid: version === 0 ? CID.createV0(digest(bytes)) : CID.createV1(dagPb.code, digest(bytes)), bytes };
}

export const folderBlock = (links: { name: string; cid: CID }[], version: 0 | 1 = 0) =>
  pbBlock({ data: new UnixFS({ type: 'directory' }), links, version });

export function fileBlock(parts: { cid: CID; size: number }[]): Block {
  const data = new UnixFS({ type: 'file', blockSizes: parts.map(({ size }) => BigInt(size)) });
  return pbBlock({ data, links: parts.map(({ cid }) => ({ name: '', cid })) });
}

/** A CAR as the reference writer makes it. */
export async function carWith(roots: CID[], blocks: Block[]): Promise<Buffer> {
  const { writer, out } = CarWriter.create(roots);
  const all = Array.fromAsync(out);
  for (const block of blocks) await writer.put(block);
  await writer.close();
  return Buffer.concat(await all);
}

export const jsonBlock = (value: unknown): Block => {
  const bytes = Buffer.from(JSON.stringify(value));
  return { cid: CID.createV1(0x0129, digest(bytes)), bytes };
};
