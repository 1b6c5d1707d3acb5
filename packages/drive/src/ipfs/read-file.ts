import type { CID } from 'multiformats/cid';
import type { Blocks, StoredFile } from './blocks.ts';
import { broken, codec, decodeNode, type DagNode } from './dag.ts';
import { loadNode } from './resolve.ts';

export type FileNode = { cid: CID; bytes: Uint8Array; node: Extract<DagNode, { kind: 'file' }> };
/** Bytes from `start` up to, and without, `end`. */
export type Extent = { start: number; end: number };

/** A file can be nested so deep; real trees are three levels for a petabyte. */
const deepest = 64;
/** Up to so many bytes, the blocks themselves are found as quickly. */
const worthLooking = 2 << 20;

/**
 * The blocks of a file that hold any of the bytes asked for, parents before children, each with the bytes it gives. Blocks that hold none
 * are not even looked for. A part that is not as long as its parent says is an error: `content_broken`.
 */
export async function* fileBlocks(
  blocks: Blocks,
  file: FileNode,
  extent: Extent,
  { depth = 0, signal }: { depth?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<{ cid: CID; bytes: Uint8Array; part: Uint8Array }> {
  const { cid, bytes, node } = file;
  if (depth > deepest) throw broken(cid, 'its tree is too deep');
  yield {
    cid,
    bytes,
    part: node.data.subarray(Math.min(extent.start, node.data.length), Math.max(0, Math.min(extent.end, node.data.length))),
  };
  let position = node.data.length;
  for (const [index, link] of node.links.entries()) {
    const size = node.sizes[index] ?? 0;
    const start = position;
    position += size;
    if (position <= extent.start && !(size === 0 && extent.start === 0)) continue;
    if (start >= extent.end) return;
    signal?.throwIfAborted();
    const child = asFile(await loadNode(blocks, link.cid));
    if (child.node.size !== size) throw broken(link.cid, `it has ${child.node.size} bytes where ${size} were announced`);
    yield* fileBlocks(blocks, child, { start: Math.max(0, extent.start - start), end: extent.end - start }, { depth: depth + 1, signal });
  }
}

/** Streams a file or a part of it, at most one block in memory at a time. */
export async function* readFile(blocks: Blocks, file: FileNode, extent?: Extent, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { start, end } = extent ?? { start: 0, end: file.node.size };
  const stored = end - start > worthLooking ? await storedFile(blocks, file) : undefined;
  if (stored) yield* await stored.read({ start, end: Math.min(end, file.node.size) });
  else for await (const { part } of fileBlocks(blocks, file, { start, end }, { signal })) if (part.length > 0) yield part;
}

/** A file that is stored as one, as what is published from a drive is: its CID says that its bytes are those of its blocks. */
async function storedFile(blocks: Blocks, file: FileNode): Promise<StoredFile | undefined> {
  if (!blocks.fileFrom) return undefined;
  let first = file;
  for (let depth = 0; depth < deepest; depth++) {
    const [link] = first.node.links;
    if (!link) break;
    if (link.cid.code === codec.raw) {
      const stored = await blocks.fileFrom(link.cid);
      return stored?.cid === file.cid.toV1().toString() ? stored : undefined;
    }
    const bytes = await blocks.get(link.cid);
    if (!bytes) break;
    const node = decodeNode(link.cid, bytes);
    if (node.kind !== 'file') break;
    first = { cid: link.cid, bytes, node };
  }
  return undefined;
}

export function asFile({ cid, bytes, node }: { cid: CID; bytes: Uint8Array; node: DagNode }): FileNode {
  if (node.kind !== 'file') throw broken(cid, 'a part of a file must be a file itself');
  return { cid, bytes, node };
}
