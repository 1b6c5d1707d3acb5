import type { Account, Context, Writing } from './account.ts';
import { DriveError } from './error.ts';
import { checkFileName, nameKey } from './file-name.ts';
import type { FolderSnapshot, SnapshotEntry } from './folder-snapshot.ts';
import { mediaTypeOf } from './media-type.ts';
import { replaceContent } from './replacing.ts';
import { overQuota, type Staged } from './stage.ts';
import type { EntryRow } from './store/entries.ts';
import type { Placed } from './content/shelf.ts';

/**
 * How a folder differs from its snapshot, as its final state: everything that is gone, the innermost first, then everything that
 * is new or different, parents first. `from` is where it was before. A file has bytes, or a content of the snapshot.
 */
export type FolderChange =
  | { type: 'remove'; path: string }
  | { type: 'folder'; path: string; from?: string }
  | { type: 'file'; path: string; from?: string; content: string; size: number }
  | { type: 'file'; path: string; from?: string; bytes: Uint8Array };

type FileChange = Extract<FolderChange, { type: 'file' }>;
type Contents = ReadonlyMap<FolderChange, Staged>;
type ApplyOptions = {
  snapshot: FolderSnapshot;
  changes: readonly FolderChange[];
  signal?: AbortSignal | undefined;
};

/**
 * Makes a folder what a program left it as, all at once or not at all: files that it wrote have their former content as a version,
 * what it removed is in the trash, what it moved is the same entry elsewhere.
 *
 * Errors: `changed_meanwhile` when others touched what it touched, `quota_exceeded`, `name_invalid`, and those of the disk.
 */
export async function applyChanges(account: Account, context: Context, { snapshot, changes, signal }: ApplyOptions): Promise<void> {
  if (changes.length === 0) return;
  const { blobs, settings, closing } = context;
  const usage = await (await account.look()).store.usage.read();
  const limit = (usage?.quota ?? settings.quota) - (usage?.used ?? 0);
  const stop = signal ? AbortSignal.any([signal, closing]) : closing;

  // Equal content is staged once: its place is locked while it is published.
  const contents = new Map<FolderChange, Staged>();
  const distinct = new Map<string, Staged>();
  for (const change of changes) {
    if (change.type !== 'file' || !('bytes' in change)) continue;
    const { bytes } = change;
    const staged = await blobs.stage({ content: once(bytes), size: bytes.length, limit, signal: stop }).catch(async (error: unknown) => {
      await discard(context, distinct.values());
      throw error;
    });
    const known = distinct.get(staged.cid);
    if (known) await discard(context, [staged]);
    else distinct.set(staged.cid, staged);
    contents.set(change, known ?? staged);
  }

  const commit = (placed: ReadonlyMap<string, Placed>) =>
    account.change((writing) => rewrite(writing, { snapshot, changes, contents, placed, context }));
  // In one order everywhere, so that two of these never wait for each other.
  const order = [...distinct.values()].sort((a, b) => (a.cid < b.cid ? -1 : 1));
  const publish = (index: number, placed: ReadonlyMap<string, Placed>): Promise<void> => {
    const staged = order[index];
    if (!staged) return commit(placed);
    return blobs.publish(staged, (place) => publish(index + 1, new Map([...placed, [staged.cid, place]])));
  };
  try {
    await publish(0, new Map());
  } catch (error) {
    await discard(context, order);
    throw error;
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

const discard = ({ blobs }: Context, staged: Iterable<Staged>) => Promise.all([...staged].map((one) => blobs.discard(one)));

const changedMeanwhile = (path: string) =>
  new DriveError(
    'changed_meanwhile',
    `"${path}" was changed by somebody else while the program worked on it. Nothing of what the program did was kept; run it again.`,
    { details: { path } },
  );

/** The rows of one run, in its transaction. */
async function rewrite(
  writing: Writing,
  {
    snapshot,
    changes,
    contents,
    placed,
    context,
  }: {
    snapshot: FolderSnapshot;
    changes: readonly FolderChange[];
    contents: Contents;
    placed: ReadonlyMap<string, Placed>;
    context: Context;
  },
): Promise<void> {
  const { store, tree, record } = writing;
  const { now, newId, settings } = context;
  const base = new Map(snapshot.entries.map((entry) => [entry.path, entry]));
  const { above } = await tree.folder(snapshot.folder);

  const removed = new Set(changes.flatMap((change) => (change.type === 'remove' ? [change.path] : [])));
  /** Things of the snapshot that have another place now, by where they were. */
  const moved = new Map<string, FolderChange>();
  for (const change of changes) {
    if (change.type === 'remove' || change.from === undefined || moved.has(change.from)) continue;
    // What takes the place of something that stays is new content for that.
    const replaces = base.has(change.path) && !removed.has(change.path);
    const kind = base.get(change.from)?.kind;
    if (!replaces && removed.has(change.from) && kind === change.type) moved.set(change.from, change);
  }
  const isMoved = (change: FolderChange) => change.type !== 'remove' && change.from !== undefined && moved.get(change.from) === change;

  const inside = new Set([snapshot.folder]);
  /** Whether a folder is still in the one that was given, and out of the trash. */
  async function isInside(folder: string): Promise<boolean> {
    const steps = inside.has(folder) ? [] : await tree.steps(folder);
    if (!inside.has(folder) && steps.some(({ id }) => id === snapshot.folder) && steps.every(({ trashed_at }) => trashed_at === null))
      inside.add(folder);
    return inside.has(folder);
  }

  /** The row of something of the snapshot, which must be as it was. */
  async function unchanged(entry: SnapshotEntry): Promise<EntryRow & { parent: string }> {
    const row = await store.entries.get(entry.id);
    const slash = entry.path.lastIndexOf('/');
    const parent = slash < 0 ? snapshot.folder : base.get(entry.path.slice(0, slash))?.id;
    const isSame =
      row?.trashed_at === null &&
      row.kind === entry.kind &&
      row.name === entry.path.slice(slash + 1) &&
      row.parent === parent &&
      (entry.kind === 'folder' || row.cid === entry.cid);
    if (!isSame || row.parent === null || !(await isInside(row.parent))) throw changedMeanwhile(entry.path);
    if (tree.isFixed(row)) await tree.removable(row.id);
    return { ...row, parent: row.parent };
  }

  const before = (path: string): SnapshotEntry => {
    const entry = base.get(path);
    if (!entry) throw changedMeanwhile(path);
    return entry;
  };

  // All of what it touched must be as it found it, before any of it is touched.
  const touched = new Map<string, EntryRow & { parent: string }>();
  for (const change of changes) {
    if (change.type === 'remove' || base.has(change.path)) touched.set(change.path, await unchanged(before(change.path)));
  }
  for (const [path, row] of touched) {
    if (row.kind !== 'folder' || !removed.has(path) || moved.has(path)) continue;
    for (const { name } of await store.entries.children(row.id, { after: '', limit: snapshot.entries.length + 1 }))
      if (!removed.has(`${path}/${name}`)) throw changedMeanwhile(`${path}/${name}`);
  }

  /** Where things are now, by path: what stays is where it was. */
  const places = new Map<string, string>([['', snapshot.folder]]);
  for (const [path, { id }] of base) if (!removed.has(path)) places.set(path, id);
  async function placeOf(path: string): Promise<{ parent: string; name: string; name_key: string }> {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    checkFileName(name);
    const folder = slash < 0 ? '' : path.slice(0, slash);
    const parent = places.get(folder);
    if (parent === undefined || !(await isInside(parent))) throw changedMeanwhile(folder);
    await tree.checkDepth(above.length + path.split('/').length - 1);
    return { parent, name, name_key: nameKey(name) };
  }

  // What is inside of a folder that goes to the trash goes with it; only what was moved out of it is taken out afterwards.
  for (const [path, row] of touched) {
    if (!removed.has(path) || moved.has(path)) continue;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (removed.has(folder) && !moved.has(folder)) continue;
    await store.entries.setTrashed(row.id, now());
    await record({ op: 'trashed', entry: row.id, parent: row.parent });
  }

  const rowOf = async (id: string) => (await store.entries.get(id)) ?? (await tree.get(id));
  const waiting = new Set([...moved.keys()].map((path) => before(path).id));

  for (const change of changes) {
    if (change.type === 'remove') continue;
    const { path } = change;
    const place = await placeOf(path);
    const there = await store.entries.child(place.parent, place.name_key);
    if (isMoved(change) && change.from !== undefined) {
      const { id } = before(change.from);
      const row = await rowOf(id);
      waiting.delete(id);
      if (there && there.id !== id) {
        if (!waiting.has(there.id)) throw changedMeanwhile(path);
        // It leaves this place, too: until its turn it steps aside.
        const aside = `.${there.id}`;
        await store.entries.setName(there.id, { name: aside, name_key: aside });
      }
      const origin = touched.get(change.from)?.parent;
      const isElsewhere = row.parent !== place.parent || row.name !== place.name;
      if (isElsewhere) await store.entries.place(id, place);
      if (isElsewhere && origin !== undefined)
        await record({ op: 'moved', entry: id, parent: place.parent, ...(origin !== place.parent && { origin }) });
      places.set(path, id);
      if (change.type === 'file') await give(change, await rowOf(id), place);
      continue;
    }
    if (there) {
      const known = base.get(path);
      if (known?.id !== there.id || removed.has(path) || known.kind !== change.type) throw changedMeanwhile(path);
      if (known.kind === 'file' && known.isShortcut)
        throw new DriveError('not_a_file', `"${path}" is a shortcut, which a program cannot write. Nothing of what it did was kept.`);
      if (change.type === 'file') await give(change, there, place);
      continue;
    }
    if (base.has(path) && !removed.has(path)) throw changedMeanwhile(path);
    places.set(path, await create(change, place));
  }

  /** New content for a file that is there. */
  async function give(change: FileChange, row: EntryRow, { name }: { name: string }): Promise<void> {
    const staged = contents.get(change);
    const place = staged && placed.get(staged.cid);
    const cid = staged?.cid ?? ('content' in change ? change.content : '');
    if (!staged && cid === row.cid) return;
    const size = staged?.size ?? ('size' in change ? change.size : 0);
    const content = { cid, size, media_type: row.media_type ?? mediaTypeOf(name) };
    await replaceContent(writing, row, content, { context, retain: () => retain(cid, place, change.path) });
  }

  async function retain(cid: string, place: Placed | undefined, path: string): Promise<void> {
    if (place) await store.blobs.retain(place, now());
    else if (!(await store.blobs.retainKnown(cid))) throw changedMeanwhile(path);
  }

  async function create(change: Exclude<FolderChange, { type: 'remove' }>, place: { parent: string; name: string; name_key: string }) {
    const at = now();
    const staged = contents.get(change);
    const isFile = change.type === 'file';
    const cid = staged?.cid ?? (isFile && 'content' in change ? change.content : null);
    const size = staged?.size ?? (isFile && 'size' in change ? change.size : 0);
    if (!(await store.usage.add(size, settings.quota))) throw overQuota();
    if (cid !== null) await retain(cid, staged && placed.get(staged.cid), change.path);
    const row: EntryRow = {
      ...place,
      id: newId(),
      kind: change.type,
      size,
      cid,
      media_type: isFile ? mediaTypeOf(place.name) : null,
      target: null,
      attributes: null,
      created_at: at,
      modified_at: at,
      trashed_at: null,
    };
    await store.entries.insert(row);
    await record({ op: 'created', entry: row.id, parent: place.parent });
    return row.id;
  }
}
