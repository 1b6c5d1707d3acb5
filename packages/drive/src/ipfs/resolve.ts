import { CID } from 'multiformats/cid';
import { DriveError } from '../error.ts';
import type { Blocks } from './blocks.ts';
import { broken, codec, decodeNode, type DagNode, type NodeLink } from './dag.ts';
import { nameHash } from './folder-dag.ts';

export type Resolved = {
  cid: CID;
  node: DagNode;
  bytes: Uint8Array;
  /** Blocks on the way here, in order, without this one. */
  path: { cid: CID; bytes: Uint8Array }[];
  /** The CID at the end of each segment, beginning with the root. */
  roots: CID[];
  /** Segments that lead into the data of the last block instead of to another block. */
  remainder: string[];
};

/** A path has so many names at most; its length is bounded by the URL anyhow. */
const longestPath = 512;
const deepestShard = 32;

/** Reads a block and what it means. Errors: `content_not_found`. */
export async function loadNode(blocks: Blocks, cid: CID): Promise<{ cid: CID; bytes: Uint8Array; node: DagNode }> {
  const bytes = await blocks.get(cid);
  if (!bytes) throw contentNotFound(cid);
  return { cid, bytes, node: decodeNode(cid, bytes) };
}

/**
 * Follows a path of names from a root through folders, sharded folders and the links of DAG-CBOR and DAG-JSON.
 * Errors: `content_not_found` where a block or a name is missing; `content_broken`.
 */
export async function resolvePath(blocks: Blocks, root: CID, segments: readonly string[]): Promise<Resolved> {
  if (segments.length > longestPath) throw nameNotFound(segments.join('/'));
  const path: Resolved['path'] = [];
  const roots = [root];
  let here = await loadNode(blocks, root);
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index] ?? '';
    if (here.node.kind === 'data') {
      const inside = intoData(here.node.value, segments.slice(index));
      if (!inside.cid) return { ...here, path, roots, remainder: segments.slice(index) };
      index += inside.used - 1;
      path.push(here);
      here = await loadNode(blocks, inside.cid);
    } else {
      const { cid, through } = await childOf(blocks, here, segment);
      path.push(here, ...through);
      here = await loadNode(blocks, cid);
    }
    roots.push(here.cid);
  }
  return { ...here, path, roots, remainder: [] };
}

export type Loaded = Awaited<ReturnType<typeof loadNode>>;

/** The child of a folder by its name, and the shards on the way to it. */
async function childOf(blocks: Blocks, folder: Loaded, name: string): Promise<{ cid: CID; through: Loaded[] }> {
  if (folder.node.kind === 'folder') {
    const link = folder.node.links.find((one) => one.name === name);
    if (link) return { cid: link.cid, through: [] };
  }
  const through: Loaded[] = [];
  let here = folder;
  const hash = bitsOf(nameHash(name));
  for (let position = 0; position < hash.length && here.node.kind === 'shard';) {
    const { bits, digits, links }: { bits: number; digits: number; links: NodeLink[] } = here.node;
    const index = parseInt(hash.slice(position, position + bits), 2);
    position += bits;
    const prefix = index.toString(16).toUpperCase().padStart(digits, '0');
    const link: NodeLink | undefined = links.find((one) => one.name === prefix + name) ?? links.find((one) => one.name === prefix);
    if (!link) break;
    if (link.name !== prefix) return { cid: link.cid, through };
    here = await loadNode(blocks, link.cid);
    through.push(here);
  }
  throw nameNotFound(name);
}

const bitsOf = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** Follows keys into a value until a link; `cid` is undefined when the keys end inside the value. */
function intoData(value: unknown, segments: readonly string[]): { cid?: CID; used: number } {
  let here = value;
  for (const [index, segment] of segments.entries()) {
    if (typeof here !== 'object' || here === null || here instanceof Uint8Array || !Object.hasOwn(here, segment))
      throw nameNotFound(segment);
    here = Object.entries(here).find(([key]) => key === segment)?.[1];
    const cid = CID.asCID(here);
    if (cid) return { cid, used: index + 1 };
  }
  return { used: segments.length };
}

export type Child = { name: string; cid: CID; total: number };

/** The names of a folder with what they lead to, in the order of its blocks. */
export async function* childrenOf(blocks: Blocks, folder: { cid: CID; node: DagNode }, level = 0): AsyncGenerator<Child> {
  if (folder.node.kind === 'folder') yield* folder.node.links;
  if (folder.node.kind !== 'shard') return;
  if (level > deepestShard) throw broken(folder.cid, 'its shards lie too deep in each other');
  for (const { name, cid, total } of folder.node.links) {
    const { digits } = folder.node;
    if (name.length < digits) throw broken(folder.cid, 'a shard has a link without a prefix');
    if (name.length > digits) yield { name: name.slice(digits), cid, total };
    else yield* childrenOf(blocks, shardOf(await loadNode(blocks, cid)), level + 1);
  }
}

function shardOf(loaded: Loaded): Loaded {
  if (loaded.node.kind !== 'shard') throw broken(loaded.cid, 'it stands for a shard, but is none');
  return loaded;
}

/** Whether a CID is of a kind that may be looked into. */
export const isKnownCodec = (cid: CID): boolean => cid.code !== codec.libp2pKey && Object.values<number>(codec).includes(cid.code);

export const contentNotFound = (cid: CID): DriveError =>
  new DriveError('content_not_found', `This node publishes nothing with the CID ${cid.toString()}.`);

const nameNotFound = (name: string): DriveError =>
  new DriveError('content_not_found', `There is nothing named ${JSON.stringify(name.slice(0, 200))} there.`);
