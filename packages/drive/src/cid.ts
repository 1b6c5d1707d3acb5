import { hash, subtle } from 'node:crypto';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';

/** IPIP-499, profile unixfs-v1-2025: CIDv1, SHA-256, raw leaves of 1 MiB, balanced tree of at most 1024 links a node. */
export const leafSize = 1 << 20;
const width = 1024;
const digestSize = 32;

const raw = 0x55;
const sha256 = 0x12;
/** From here on a digest is computed on the thread pool; below, the way there costs more than the hash. */
const offThread = 64 * 1024;

export async function leafDigest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (bytes.length >= offThread) return new Uint8Array(await subtle.digest('SHA-256', bytes));
  return hash('sha256', bytes, 'buffer');
}

type Node = { cid: CID; size: number; total: number };

/** CID of a file of `size` bytes from the SHA-256 digests of its leaves, one after another. Equal to what Kubo gives. */
export function fileCid({ digests, size }: { digests: Uint8Array; size: number }): string {
  let level: Node[] = [];
  for (let leaf = 0; leaf * digestSize < digests.length; leaf++) {
    const length = Math.min(leafSize, size - leaf * leafSize);
    const digest = digests.subarray(leaf * digestSize, (leaf + 1) * digestSize);
    level.push({ cid: CID.createV1(raw, Digest.create(sha256, digest)), size: length, total: length });
  }
  while (level.length > 1) {
    const above: Node[] = [];
    for (let start = 0; start < level.length; start += width) above.push(parentOf(level.slice(start, start + width)));
    level = above;
  }
  const [root] = level;
  if (!root) throw new RangeError('A file has at least one leaf, also when it is empty');
  return root.cid.toString();
}

/** `total` is what dag-pb calls Tsize: the bytes of the node itself and of everything below it. */
function parentOf(children: Node[]): Node {
  const file = new UnixFS({ type: 'file' });
  for (const child of children) file.addBlockSize(BigInt(child.size));
  const links = children.map(({ cid, total }) => ({ Name: '', Tsize: total, Hash: cid }));
  const block = dagPb.encode(dagPb.prepare({ Data: file.marshal(), Links: links }));
  return {
    cid: CID.createV1(dagPb.code, Digest.create(sha256, hash('sha256', block, 'buffer'))),
    size: children.reduce((sum, { size }) => sum + size, 0),
    total: children.reduce((sum, { total }) => sum + total, block.length),
  };
}

/** The digest inside the CID decides the folder of the blob: `ab/cd`, 256 folders of 256. */
export function blobFolder(cid: string): [string, string] {
  const [first = 0, second = 0] = CID.parse(cid).multihash.digest;
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  return [hex(first), hex(second)];
}
