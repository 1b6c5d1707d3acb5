import { hash, subtle } from 'node:crypto';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';

/** IPIP-499, profile unixfs-v1-2025: CIDv1, SHA-256, raw leaves of 1 MiB, balanced tree of at most 1024 links a node. */
export const leafSize = 1 << 20;
const width = 1024;
export const digestSize = 32;

const raw = 0x55;
const sha256 = 0x12;
/** From here on a digest is computed on the thread pool; below, the way there costs more than the hash. */
const offThread = 64 * 1024;

export async function leafDigest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (bytes.length >= offThread) return new Uint8Array(await subtle.digest('SHA-256', bytes));
  return hash('sha256', bytes, 'buffer');
}

/** A node of a DAG as its parent sees it: `size` in bytes of the file below, `total` is what dag-pb calls Tsize, with all the nodes. */
export type Node = { cid: CID; size: number; total: number };
export type OnNode = (node: { cid: CID; bytes: Uint8Array }) => void;

export const rawCid = (digest: Uint8Array): CID => CID.createV1(raw, Digest.create(sha256, digest));

/** CID of a file of `size` bytes from the SHA-256 digests of its leaves, one after another. Equal to what Kubo gives. */
export const fileCid = (file: { digests: Uint8Array; size: number }): string => fileDag(file).cid.toString();

/** Builds the tree above the leaves of a file and hands out its inner nodes, from the bottom to the root; answers the root. */
export function fileDag({ digests, size }: { digests: Uint8Array; size: number }, onNode: OnNode = () => {}): Node {
  let level: Node[] = [];
  for (let leaf = 0; leaf * digestSize < digests.length; leaf++) {
    const length = Math.min(leafSize, size - leaf * leafSize);
    level.push({ cid: rawCid(digests.subarray(leaf * digestSize, (leaf + 1) * digestSize)), size: length, total: length });
  }
  while (level.length > 1) {
    const above: Node[] = [];
    for (let start = 0; start < level.length; start += width) above.push(parentOf(level.slice(start, start + width), onNode));
    level = above;
  }
  const [root] = level;
  if (!root) throw new RangeError('A file has at least one leaf, also when it is empty');
  return root;
}

function parentOf(children: Node[], onNode: OnNode): Node {
  const file = new UnixFS({ type: 'file' });
  for (const child of children) file.addBlockSize(BigInt(child.size));
  const links = children.map(({ cid, total }) => ({ Name: '', Tsize: total, Hash: cid }));
  const { cid, bytes } = nodeOf(dagPb.prepare({ Data: file.marshal(), Links: links }));
  onNode({ cid, bytes });
  return {
    cid,
    size: children.reduce((sum, { size }) => sum + size, 0),
    total: children.reduce((sum, { total }) => sum + total, bytes.length),
  };
}

/** Encodes and hashes a dag-pb node. */
export function nodeOf(node: dagPb.PBNode): { cid: CID; bytes: Uint8Array } {
  const bytes = dagPb.encode(node);
  return { cid: CID.createV1(dagPb.code, Digest.create(sha256, hash('sha256', bytes, 'buffer'))), bytes };
}

/** The digest inside the CID decides the folder of the blob: `ab/cd`, 256 folders of 256. */
export function blobFolder(cid: string): [string, string] {
  const [first = 0, second = 0] = CID.parse(cid).multihash.digest;
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  return [hex(first), hex(second)];
}
