import * as dagCbor from '@ipld/dag-cbor';
import type { CID } from 'multiformats/cid';
import { inlined, type Blocks } from './blocks.ts';
import { broken } from './dag.ts';
import { asFile, fileBlocks } from './read-file.ts';
import { childrenOf, loadNode, type Resolved } from './resolve.ts';
import { encodeVarint } from './varint.ts';

export type CarScope = 'block' | 'entity' | 'all';
/** From and to, both included; negative ones count from the end; `to` undefined for the end. */
export type EntityBytes = { from: number; to: number | undefined };
export type CarOptions = {
  scope: CarScope;
  /** Only these bytes of a file; ignored for everything else. */
  entityBytes?: EntityBytes | undefined;
  /** Sends a block as often as it is met, instead of once. */
  duplicates: boolean;
  signal?: AbortSignal | undefined;
};

const deepest = 1024;

/**
 * A CAR version 1 in depth-first order: the blocks that prove the path, then what the scope takes in. Throws where a block is missing, and
 * the stream ends there: who receives it sees that it is not whole.
 */
export async function* carOf(
  blocks: Blocks,
  target: Resolved,
  { scope, entityBytes, duplicates, signal }: CarOptions,
): AsyncGenerator<Uint8Array> {
  const sent = new Set<string>();
  /** False when it was sent before and need not be looked into again. */
  function* send({ cid, bytes }: { cid: CID; bytes: Uint8Array }): Generator<Uint8Array, boolean> {
    if (inlined(cid)) return true;
    if (!duplicates) {
      const key = keyOf(cid);
      if (sent.has(key)) return false;
      sent.add(key);
    }
    yield section(cid.bytes, bytes);
    return true;
  }

  async function* everything(cid: CID, depth: number): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    if (depth > deepest) throw broken(cid, 'its links lie too deep in each other');
    if (!duplicates && sent.has(keyOf(cid))) return;
    const loaded = await loadNode(blocks, cid);
    if (!(yield* send(loaded))) return;
    if ('links' in loaded.node) for (const link of loaded.node.links) yield* everything(link.cid, depth + 1);
  }

  async function* entity(): AsyncGenerator<Uint8Array> {
    const { cid, node } = target;
    if (node.kind === 'file') {
      const extent = extentOf(entityBytes, node.size);
      for await (const block of fileBlocks(blocks, asFile(target), extent, { signal })) yield* send(block);
      return;
    }
    yield* send(target);
    if (node.kind !== 'shard') return;
    const shards: Blocks = {
      size: (one) => blocks.size(one),
      async get(one) {
        const bytes = await blocks.get(one);
        if (bytes) found.push({ cid: one, bytes });
        return bytes;
      },
    };
    const found: { cid: CID; bytes: Uint8Array }[] = [];
    for await (const _ of childrenOf(shards, { cid, node })) for (const block of found.splice(0)) yield* send(block);
    for (const block of found) yield* send(block);
  }

  yield carHeader([target.cid]);
  for (const block of target.path) yield* send(block);
  if (scope === 'block') yield* send(target);
  else if (scope === 'entity') yield* entity();
  else yield* everything(target.cid, 0);
}

/** Where a range of a file begins and ends. Outside of the file it is empty, and only the file's first block is sent. */
function extentOf(range: EntityBytes | undefined, size: number) {
  if (!range) return { start: 0, end: size };
  const start = Math.max(0, range.from < 0 ? size + range.from : range.from);
  const last = range.to === undefined ? size - 1 : range.to < 0 ? size + range.to : Math.min(range.to, size - 1);
  return { start, end: Math.max(start, last + 1) };
}

/** The same block under another codec is another thing to look into, so the whole CID is the key. */
const keyOf = (cid: CID) => Buffer.from(cid.bytes).toString('latin1');

export function carHeader(roots: CID[]): Uint8Array {
  const header = dagCbor.encode({ version: 1, roots });
  return Buffer.concat([encodeVarint(header.length), header]);
}

function section(cid: Uint8Array, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([encodeVarint(cid.length + bytes.length), cid, bytes]);
}
