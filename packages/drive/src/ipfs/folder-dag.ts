import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import { murmur364 } from '@multiformats/murmur3';
import { nodeOf, type OnNode } from '../cid.ts';
import { DriveError } from '../error.ts';
import { varintSize } from './varint.ts';

export type Link = { name: string; cid: CID; total: number };
export type Folder = { cid: CID; total: number };

/** IPIP-499, unixfs-v1-2025: a folder whose block would be longer than this becomes a tree of shards. */
const largestBasic = 262_144;
const fanout = 256;
const murmur3 = 0x22n;
/** The hash has eight bytes, and each level of shards uses one. */
const deepest = 8;

/** Builds a UnixFS directory, plain or sharded by its size, handing out its nodes from the bottom to the root. Takes the links in any order. */
export function folderDag(links: readonly Link[], onNode: OnNode = () => {}): Folder {
  if (basicSize(links) > largestBasic) return shard(links.map(withHash), 0, onNode);
  return put(new UnixFS({ type: 'directory' }), links, onNode);
}

/** Bytes of the block of a plain directory, without building it. */
function basicSize(links: readonly Link[]): number {
  const data = 4;
  return links.reduce((sum, { name, cid, total }) => {
    const link = field(cid.bytes.length) + field(Buffer.byteLength(name)) + 1 + varintSize(total);
    return sum + field(link);
  }, data);
}

const field = (length: number) => 1 + varintSize(length) + length;

type Hashed = Link & { hash: Uint8Array };

const withHash = (link: Link): Hashed => ({ ...link, hash: nameHash(link.name) });

/** murmur3-x64-64 of a name: one byte for each level of shards, beginning with the first. */
export const nameHash = (name: string): Uint8Array => {
  const digest = murmur364.encode(Buffer.from(name));
  if (digest instanceof Promise) throw new TypeError('murmur3 is computed at once');
  return digest;
};

export const shardPrefix = (index: number): string => index.toString(16).toUpperCase().padStart(2, '0');

function shard(links: readonly Hashed[], level: number, onNode: OnNode): Folder {
  if (level >= deepest)
    throw new DriveError(
      'publish_refused',
      `The names "${links[0]?.name}" and "${links[1]?.name}" cannot be told apart by the hash that IPFS uses for large folders. Rename one of them.`,
    );
  const slots: Hashed[][] = Array.from({ length: fanout }, () => []);
  for (const link of links) slots[link.hash[level] ?? 0]?.push(link);
  const bits = Buffer.alloc(fanout / 8);
  const children: Link[] = [];
  for (const [index, slot] of slots.entries()) {
    const [first] = slot;
    if (!first) continue;
    const byte = bits.length - 1 - (index >> 3);
    bits[byte] = (bits[byte] ?? 0) | (1 << (index & 7));
    const child = slot.length === 1 ? first : { name: '', ...shard(slot, level + 1, onNode) };
    children.push({ ...child, name: shardPrefix(index) + child.name });
  }
  const first = bits.findIndex((byte) => byte !== 0);
  const data = new UnixFS({
    type: 'hamt-sharded-directory',
    data: bits.subarray(Math.max(0, first)),
    hashType: murmur3,
    fanout: BigInt(fanout),
  });
  return put(data, children, onNode);
}

function put(data: UnixFS, links: readonly Link[], onNode: OnNode): Folder {
  const sorted = links
    .map(({ name, cid, total }) => ({ bytes: Buffer.from(name), link: { Name: name, Tsize: total, Hash: cid } }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes));
  const node = nodeOf({ Data: data.marshal(), Links: sorted.map(({ link }) => link) });
  onNode(node);
  return { cid: node.cid, total: links.reduce((sum, { total }) => sum + total, node.bytes.length) };
}
