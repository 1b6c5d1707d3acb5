import { CID } from 'multiformats/cid';
import type { Context } from '../account.ts';
import { digestSize, fileDag, leafSize, type Node } from '../cid.ts';
import { DriveError, notFound } from '../error.ts';
import { overQuota } from '../stage.ts';
import { storeOf, type Store } from '../store.ts';
import type { EntryRow } from '../store/entries.ts';
import { blobRows } from '../store/blobs.ts';
import { publicationRows, snapshotRows, type BlockRow } from '../store/publications.ts';
import { folderDag, type Folder, type Link } from './folder-dag.ts';

/** Entries read, and blocks written, in one transaction: other writers never wait long for a publication. */
const slice = 500;
/** The same for blocks that are bytes of their own, which are in memory until they are written. */
const sliceBytes = 4 << 20;
/** Names that one folder may hold to be published: its links are in memory while its node is made. */
const mostLinks = 500_000;

/** What a walk through the entries leaves behind: a publication's rows, or nothing when only the CID is asked for. */
export type Recorder = {
  /** A page of a folder; the contents of the rows that are wanted are kept from now on. */
  page(read: (rows: Store) => Promise<EntryRow[]>, isWanted: (row: EntryRow) => boolean): Promise<EntryRow[]>;
  blocks(blocks: BlockRow[]): Promise<void>;
};

export type SnapshotOptions = {
  /** Also names that begin with a dot. */
  hidden: boolean;
  signal?: AbortSignal | undefined;
};
export type Snapshot = { root: CID; total: number };

/**
 * Walks through an entry and everything below it, making the IPFS nodes on the way up. Memory grows with the names of one folder and
 * the depth, not with what is below. A folder that changes meanwhile is taken as each of its pages was when it was read.
 */
export async function takeSnapshot(
  context: Context,
  entry: EntryRow,
  recorder: Recorder,
  { hidden, signal }: SnapshotOptions,
): Promise<Snapshot> {
  // A shortcut has no content of its own, and what it points at is published by itself or not at all.
  const isWanted = ({ name, target }: EntryRow) => target === null && (hidden || !name.startsWith('.'));

  async function fileNode({ cid, size }: { cid: string; size: number }): Promise<Node> {
    const root = CID.parse(cid);
    if (size <= leafSize) {
      await recorder.blocks([{ hash: root.multihash.digest, blob: cid, start: 0, length: size }]);
      return { cid: root, size, total: size };
    }
    const digests = await blobRows(context.database.read).leaves(cid);
    if (!digests) throw notFound();
    const blocks: BlockRow[] = [];
    const node = fileDag({ digests, size }, (inner) =>
      blocks.push({ hash: inner.cid.multihash.digest, length: inner.bytes.length, content: inner.bytes }),
    );
    await recorder.blocks(blocks);
    for (let first = 0; first * leafSize < size; first += slice) {
      signal?.throwIfAborted();
      const count = Math.min(slice, Math.ceil(size / leafSize) - first);
      await recorder.blocks(Array.from({ length: count }, (_, index) => leafBlock({ cid, size, digests }, first + index)));
    }
    return node;
  }

  async function folderNode(id: string): Promise<Folder> {
    const links: Link[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      signal?.throwIfAborted();
      const from = after;
      const rows = await recorder.page(({ entries }) => entries.children(id, { after: from, limit: slice }), isWanted);
      for (const row of rows.filter(isWanted)) {
        const { cid, total } = await nodeOf(row);
        links.push({ name: row.name, cid, total });
      }
      if (links.length > mostLinks)
        throw new DriveError('publish_refused', `A folder with more than ${mostLinks} names cannot be published. Divide it into several.`);
      after = rows.length === slice ? rows.at(-1)?.name_key : undefined;
    }
    const blocks: BlockRow[] = [];
    const folder = folderDag(links, ({ cid, bytes }) => blocks.push({ hash: cid.multihash.digest, length: bytes.length, content: bytes }));
    await recorder.blocks(blocks);
    return folder;
  }

  const nodeOf = ({ id, cid, size }: EntryRow): Promise<Folder> => (cid === null ? folderNode(id) : fileNode({ cid, size }));

  const [row] = await recorder.page(
    async ({ entries }) => [await entries.get(entry.id)].filter((found) => found !== undefined),
    () => true,
  );
  if (!row) throw notFound();
  const { cid, total } = await nodeOf(row);
  return { root: cid, total };
}

const leafBlock = ({ cid, size, digests }: { cid: string; size: number; digests: Uint8Array }, leaf: number): BlockRow => ({
  hash: digests.subarray(leaf * digestSize, (leaf + 1) * digestSize),
  blob: cid,
  start: leaf * leafSize,
  length: Math.min(leafSize, size - leaf * leafSize),
});

/** Only looks: for who wants to know a CID. */
export const onlyLooking = (context: Context, drive: string): Recorder => ({
  page: (read) => read(storeOf(context.database.read, drive)),
  async blocks() {},
});

/**
 * Writes the rows of a publication, and keeps every content as soon as it was seen, in the transaction that saw it. Without a limit
 * the publication counts as empty.
 */
export function recordInto(context: Context, publication: string, { drive, limit }: { drive: string; limit: number | undefined }) {
  const { database, now } = context;
  let size = 0;
  let files = 0;
  let waiting: BlockRow[] = [];
  let waitingBytes = 0;

  async function write(): Promise<void> {
    const blocks = waiting;
    waiting = [];
    waitingBytes = 0;
    await database.transaction(async (tx) => {
      for (const block of blocks) await snapshotRows(tx).addBlock(publication, block);
      if (!(await publicationRows(tx, drive).measure(publication, { size: limit === undefined ? 0 : size, files, now: now() })))
        throw notFound();
    });
  }

  const recorder: Recorder = {
    page: (read, isWanted) =>
      database.transaction(async (tx) => {
        const rows = await read(storeOf(tx, drive));
        for (const row of rows) {
          if (row.cid === null || !isWanted(row)) continue;
          files += 1;
          if (await snapshotRows(tx).pin(publication, row.cid)) size += row.size;
        }
        if (limit !== undefined && size > limit) throw overQuota();
        return rows;
      }),
    async blocks(blocks) {
      for (const block of blocks) {
        waiting.push(block);
        waitingBytes += block.content?.length ?? 0;
        if (waiting.length >= slice || waitingBytes >= sliceBytes) await write();
      }
    },
  };
  return { ...recorder, /** To be called at the end. */ finish: write };
}
