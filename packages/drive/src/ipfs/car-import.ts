import { open, type FileHandle } from 'node:fs/promises';
import type { Entry } from '@freehold/protocol';
import type { CID } from 'multiformats/cid';
import type { Account, Context } from '../account.ts';
import { checkSpace, removeFile, writeAll } from '../disk.ts';
import { DriveError, storageError } from '../error.ts';
import { checkFileName } from '../file-name.ts';
import { overQuota } from '../stage.ts';
import { maximumDepth, tooDeep } from '../tree.ts';
import type { trashOf } from '../trash.ts';
import type { OnConflict, writingTo } from '../writing.ts';
import { inlined, type Blocks } from './blocks.ts';
import { byteReader } from './byte-reader.ts';
import { invalid, readCar } from './car-read.ts';
import { asFile, readFile, type FileNode } from './read-file.ts';
import { childrenOf, loadNode, type Loaded } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';

export type ImportOptions = {
  parent: string;
  /** The root's CID when not given. */
  name?: string | undefined;
  /** The CAR as it arrives. */
  content: AsyncIterable<Uint8Array>;
  onConflict?: Exclude<OnConflict, 'replace'> | undefined;
  signal?: AbortSignal | undefined;
};
export type Imported = {
  entry: Entry;
  /** The root that the CAR names. */
  root: string;
  /** The CID that the same content has in this drive: another one when the CAR was made with another profile. */
  cid: string;
  files: number;
  folders: number;
  /** Paths of what a drive cannot hold: symbolic links. */
  skipped: string[];
};

const mostBlocks = 1_000_000;
const mostEntries = 100_000;
const mostSkipped = 100;
const atOnce = 8;
/** The space left on the disk is looked at again after so many bytes. */
const spaceCheckEvery = 64 << 20;

/** What a folder, or anything else, comes to with everything below it. */
type Extent = { entries: number; bytes: number };

type Hands = Pick<ReturnType<typeof writingTo>, 'writeFile' | 'createFolder'> &
  Pick<ReturnType<typeof trashOf>, 'deleteForever'> & { rootOf(id: string, options: { hidden: boolean }): Promise<Snapshot> };

/**
 * Takes in a CAR: first every block, compared with its hash, into a temporary file; then its one root as files and folders, in the profile
 * of this node. All or nothing. Memory grows with the number of blocks (about 100 bytes each), not with their size.
 */
export function importing(account: Account, { blobs, settings, closing }: Context, hands: Hands) {
  async function build(
    blocks: Blocks,
    root: CID,
    { parent, name, onConflict, signal }: { parent: string; name: string; onConflict: 'fail' | 'rename'; signal: AbortSignal },
  ) {
    const made = { files: 0, folders: 0, skipped: [] as string[] };
    let folder: Entry | undefined;

    /** Files are written a few at a time, so that they share commits; folders one after another. */
    const writing = new Set<Promise<unknown>>();
    let failure: unknown;

    async function write(work: () => Promise<Entry>): Promise<void> {
      const one = work()
        .catch((cause: unknown) => (failure ??= cause))
        .finally(() => writing.delete(one));
      writing.add(one);
      if (writing.size >= atOnce) await Promise.race(writing);
      if (failure !== undefined) throw failure;
    }

    type Place = { parent: string; name: string; onConflict: 'fail' | 'rename' };
    const writeFile = (file: FileNode, place: Place) => {
      made.files += 1;
      return hands.writeFile({ ...place, content: readFile(blocks, file, undefined, signal), size: file.node.size, signal });
    };

    async function fill(folder: Loaded, into: { id: string; path: string }): Promise<void> {
      for await (const { name: childName, cid } of childrenOf(blocks, folder)) {
        signal.throwIfAborted();
        const child = await loadNode(blocks, cid);
        const place = { parent: into.id, name: childName, onConflict: 'fail' as const };
        const path = `${into.path}/${childName}`;
        if (child.node.kind === 'file') await write(() => writeFile(asFile(child), place));
        else if (child.node.kind === 'symlink') {
          if (made.skipped.length < mostSkipped) made.skipped.push(path);
        } else {
          made.folders += 1;
          await fill(child, { id: (await hands.createFolder(place)).id, path });
        }
      }
    }

    try {
      const top = await loadNode(blocks, root);
      if (top.node.kind === 'symlink') throw invalid('Its root is a symbolic link.');
      if (top.node.kind === 'file') return { entry: await writeFile(asFile(top), { parent, name, onConflict }), ...made };
      made.folders += 1;
      folder = await hands.createFolder({ parent, name, onConflict });
      await fill(top, { id: folder.id, path: name });
      await Promise.all(writing);
      if (failure !== undefined) throw failure;
      return { entry: folder, ...made };
    } catch (cause) {
      await Promise.all(writing);
      if (folder) await hands.deleteForever(folder.id);
      throw cause;
    }
  }

  /**
   * Looks through the whole tree before anything is made of it: counts, sizes, names. A folder that is met again is not looked into again,
   * so folders of folders of the same folder cost nothing.
   */
  async function survey(blocks: Blocks, root: CID, { room, signal }: { room: number; signal: AbortSignal }): Promise<void> {
    const known = new Map<string, Extent>();

    async function measure(cid: CID, depth: number): Promise<Extent> {
      signal.throwIfAborted();
      const before = known.get(keyOf(cid));
      if (before) return before;
      if (depth > maximumDepth) throw tooDeep();
      const loaded = await loadNode(blocks, cid);
      const { node } = loaded;
      if (node.kind === 'data') throw invalid(`The block ${cid.toString()} is data of another kind, not a file or a folder.`);
      if (node.kind === 'file') return { entries: 1, bytes: node.size };
      const sum = { entries: 1, bytes: 0 };
      for await (const child of childrenOf(blocks, loaded)) {
        checkFileName(child.name);
        const below = await measure(child.cid, depth + 1);
        sum.entries += below.entries;
        sum.bytes += below.bytes;
        if (sum.entries > mostEntries) throw invalid(`It holds more than ${mostEntries} files and folders.`);
        if (sum.bytes > room) throw overQuota();
      }
      known.set(keyOf(cid), sum);
      return sum;
    }
    if ((await measure(root, 0)).bytes > room) throw overQuota();
  }

  async function receive(file: FileHandle, { content, signal }: { content: AsyncIterable<Uint8Array>; signal: AbortSignal }) {
    const usage = await (await account.look()).store.usage.read();
    const limit = (usage?.quota ?? settings.quota) - (usage?.used ?? 0);
    const reader = byteReader(content, signal);
    const index = new Map<string, { start: number; length: number }>();
    let written = 0;
    let checked = 0;
    const car = await readCar(reader);
    for await (const { cid, bytes } of car.blocks) {
      const key = keyOf(cid);
      if (inlined(cid) || index.has(key)) continue;
      if (index.size >= mostBlocks) throw invalid(`It holds more than ${mostBlocks} blocks. Divide it.`);
      if (written + bytes.length > limit) throw overQuota();
      if (written >= checked) {
        await checkSpace({ folder: blobs.folder, bytes: spaceCheckEvery, reserve: blobs.reserve });
        checked = written + spaceCheckEvery;
      }
      await writeAll(file, bytes, written);
      index.set(key, { start: written, length: bytes.length });
      written += bytes.length;
    }
    const [root, ...more] = car.roots;
    if (!root || more.length > 0) throw invalid(`It names ${car.roots.length} roots, but exactly one is needed. Export each on its own.`);
    return { root, blocks: blocksIn(file, index), room: limit };
  }

  return {
    /** Errors: `car_invalid`, `name_invalid`, `name_taken`, `quota_exceeded`, `disk_full`, `upload_incomplete`, the signal's reason. */
    async importCar({ parent, name, content, onConflict = 'fail', signal: given }: ImportOptions): Promise<Imported> {
      const signal = given ? AbortSignal.any([given, closing]) : closing;
      const { tree } = await account.look();
      await tree.folder(parent);
      if (name !== undefined) checkFileName(name);
      const temporary = blobs.scratch();
      const file = await open(temporary, 'wx+', 0o600);
      try {
        const { root, blocks, room } = await receive(file, { content, signal });
        await survey(blocks, root, { room, signal });
        const made = await build(blocks, root, { parent, name: name ?? root.toString(), onConflict, signal });
        const { root: own } = await hands.rootOf(made.entry.id, { hidden: true });
        return { ...made, root: root.toString(), cid: own.toString() };
      } catch (cause) {
        throw storageError(missingIsInvalid(cause));
      } finally {
        await file.close();
        await removeFile(temporary);
      }
    },
  };
}

const keyOf = (cid: CID) => Buffer.from(cid.multihash.digest).toString('latin1');

const blocksIn = (file: FileHandle, index: ReadonlyMap<string, { start: number; length: number }>): Blocks => ({
  size: async (cid) => inlined(cid)?.length ?? index.get(keyOf(cid))?.length,
  async get(cid) {
    const own = inlined(cid);
    if (own) return own;
    const found = index.get(keyOf(cid));
    if (!found) return undefined;
    const { buffer } = await file.read(Buffer.alloc(found.length), 0, found.length, found.start);
    return buffer;
  },
});

/** To who sends a CAR, what is missing or wrong in it is a fault of the CAR. */
function missingIsInvalid(cause: unknown): unknown {
  if (!(cause instanceof DriveError)) return cause;
  if (cause.code === 'content_not_found') return invalid('A block that it needs is missing in it.', cause);
  return cause.code === 'content_broken' ? invalid(cause.message, cause) : cause;
}
