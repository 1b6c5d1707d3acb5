import * as dagCbor from '@ipld/dag-cbor';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { DriveError } from '../error.ts';

export const codec = { raw: 0x55, dagPb: 0x70, dagCbor: 0x71, cbor: 0x51, dagJson: 0x0129, json: 0x0200, libp2pKey: 0x72 } as const;

export type NodeLink = { name: string; cid: CID; total: number };
/** What a block means, by the codec of the CID under which it was asked for. */
export type DagNode =
  /** Bytes of a file: a raw block, or a dag-pb node with bytes of its own and children of so many bytes each. */
  | { kind: 'file'; data: Uint8Array; links: NodeLink[]; sizes: number[]; size: number }
  | { kind: 'folder'; links: NodeLink[] }
  /** One level of a sharded folder: bits of the hash that it uses, and digits of the prefixes of its links. */
  | { kind: 'shard'; links: NodeLink[]; bits: number; digits: number }
  | { kind: 'symlink'; target: string }
  /** DAG-CBOR and DAG-JSON. */
  | { kind: 'data'; value: unknown; links: NodeLink[] };

/** Errors: `content_broken` for a block that is not what its codec says. */
export function decodeNode(cid: CID, bytes: Uint8Array): DagNode {
  try {
    return decode(cid, bytes);
  } catch (cause) {
    if (cause instanceof DriveError) throw cause;
    throw broken(cid, 'it is not what its codec says', cause);
  }
}

function decode(cid: CID, bytes: Uint8Array): DagNode {
  switch (cid.code) {
    case codec.raw:
      return { kind: 'file', data: bytes, links: [], sizes: [], size: bytes.length };
    case codec.dagPb:
      return decodePb(cid, bytes);
    case codec.dagCbor: {
      const value: unknown = dagCbor.decode(bytes);
      return { kind: 'data', value, links: linksIn(value) };
    }
    case codec.dagJson: {
      const value = withCids(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 0);
      return { kind: 'data', value, links: linksIn(value) };
    }
    case codec.cbor:
    case codec.json:
      return { kind: 'data', value: undefined, links: [] };
    default:
      throw broken(cid, `this node does not know the codec 0x${cid.code.toString(16)}`);
  }
}

function decodePb(cid: CID, bytes: Uint8Array): DagNode {
  const { Data, Links } = dagPb.decode(bytes);
  if (!Data) throw broken(cid, 'it has no UnixFS part');
  const unixfs = UnixFS.unmarshal(Data);
  const links = Links.map(({ Name = '', Hash, Tsize = 0 }) => ({ name: Name, cid: Hash, total: Tsize }));
  switch (unixfs.type) {
    case 'file':
    case 'raw': {
      const data = unixfs.data ?? new Uint8Array();
      const sizes = unixfs.blockSizes.map(Number);
      const size = sizes.reduce((sum, one) => sum + one, data.length);
      if (sizes.length !== links.length || !Number.isSafeInteger(size)) throw broken(cid, 'the sizes of its parts do not fit');
      return { kind: 'file', data, links, sizes, size };
    }
    case 'directory':
      return { kind: 'folder', links };
    case 'hamt-sharded-directory': {
      const fanout = Number(unixfs.fanout ?? 256n);
      if (!Number.isInteger(Math.log2(fanout)) || fanout < 8 || fanout > 1024) throw broken(cid, `${fanout} is no fanout`);
      return { kind: 'shard', links, bits: Math.log2(fanout), digits: (fanout - 1).toString(16).length };
    }
    case 'symlink':
      return { kind: 'symlink', target: Buffer.from(unixfs.data ?? []).toString('utf8') };
    default:
      throw broken(cid, `UnixFS nodes of type "${unixfs.type}" are not files`);
  }
}

/** Deeper nesting is no data that anybody reads. */
const deepest = 512;

/** `{"/": "<cid>"}` is a link in DAG-JSON. */
function withCids(value: unknown, depth: number): unknown {
  if (depth > deepest) throw new RangeError('Nested too deeply');
  if (Array.isArray(value)) return value.map((one) => withCids(one, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  if ('/' in value && typeof value['/'] === 'string' && Object.keys(value).length === 1) return CID.parse(value['/']);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withCids(one, depth + 1)]));
}

/** The links in a value, in the order in which it holds them. */
function linksIn(value: unknown, depth = 0): NodeLink[] {
  if (depth > deepest) throw new RangeError('Nested too deeply');
  const cid = CID.asCID(value);
  if (cid) return [{ name: '', cid, total: 0 }];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap((one) => linksIn(one, depth + 1));
}

export const broken = (cid: CID, why: string, cause?: unknown): DriveError =>
  new DriveError('content_broken', `The block ${cid.toString()} cannot be read: ${why}.`, { cause });
