import type { Entry } from '@freehold/protocol';
import type { Account, Context, Writing } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError } from './error.ts';
import { checkFileName, nameKey } from './file-name.ts';
import { emptyContent } from './empty.ts';
import { locksOn, type WriteLock } from './locks.ts';
import { mediaTypeOf } from './media-type.ts';
import { replaceContent } from './replacing.ts';
import { overQuota, type Staged } from './stage.ts';
import type { EntryRow } from './store/entries.ts';
import { nameTaken } from './tree.ts';

/**
 * What to do when the name is taken: `fail`; `rename` keeps both, the new one as "name (2)", or with `firstNumber`; `replace` gives the existing file the new
 * content and keeps the old as a version (write), or puts what is in the way into the trash (move).
 */
export type OnConflict = 'fail' | 'replace' | 'rename';

export type WriteFileOptions = {
  parent: string;
  name: string;
  content: AsyncIterable<Uint8Array>;
  /** Announced bytes: refused early when there is no room, and an error when not exactly so many arrive. */
  size?: number | undefined;
  /** Guessed from the name when not given. */
  mediaType?: string | undefined;
  onConflict?: OnConflict | undefined;
  firstNumber?: number | undefined;
  /** Time of the last change in milliseconds; now when not given. */
  modifiedAt?: number | undefined;
  /**
   * Hears, in the transaction that names the content, what is there under the name by then and which locks are on the drive. Throws
   * to refuse: so nothing can come between what the caller looked at and what it changes, however long the upload took.
   */
  approve?: ((now: { existing: Entry | undefined; locks: readonly WriteLock[] }) => void) | undefined;
  signal?: AbortSignal | undefined;
};
export type MoveOptions = {
  id: string;
  parent?: string | undefined;
  name?: string | undefined;
  onConflict?: OnConflict | undefined;
  firstNumber?: number | undefined;
};

export function writingTo(account: Account, context: Context) {
  const { blobs, now, newId, settings, closing } = context;

  async function insert(
    { store, record }: Writing,
    entry: Pick<EntryRow, 'name' | 'kind' | 'size' | 'cid' | 'media_type'> & {
      parent: string;
      target?: string;
      attributes?: string | null;
      modified_at?: number | undefined;
    },
  ) {
    const at = now();
    const row: EntryRow = {
      target: null,
      attributes: null,
      ...entry,
      id: newId(),
      name_key: nameKey(entry.name),
      created_at: at,
      modified_at: entry.modified_at ?? at,
      trashed_at: null,
    };
    await store.entries.insert(row);
    await record({ op: 'created', entry: row.id, parent: entry.parent });
    return toEntry(row);
  }

  async function writeFile(options: WriteFileOptions): Promise<Entry> {
    const { parent, name, content, size, mediaType, onConflict = 'fail', firstNumber, modifiedAt, approve, signal } = options;
    checkFileName(name);
    const media_type = mediaType ?? mediaTypeOf(name);
    const early = await account.look();
    await early.tree.checkDepth((await early.tree.folder(parent)).above.length);
    if (onConflict === 'fail' && (await early.store.entries.child(parent, nameKey(name)))) throw nameTaken(name);
    const usage = await early.store.usage.read();
    const limit = (usage?.quota ?? settings.quota) - (usage?.used ?? 0);

    const stop = signal ? AbortSignal.any([signal, closing]) : closing;
    const staged = await blobs.stage({ content, size, limit, signal: stop });
    const place = { parent, name, media_type, onConflict, firstNumber, modified_at: modifiedAt };
    const claim = async ({ store }: Writing) => {
      if (!approve) return;
      const existing = await store.entries.child(parent, nameKey(name));
      approve({ existing: existing && toEntry(existing), locks: await locksOn(store, now()) });
    };
    return (await putFile(staged, place, claim)).entry;
  }

  /** Names staged content in a folder; `claim` runs in the same transaction, and its failure leaves nothing. */
  function putFile(
    staged: Staged,
    {
      parent,
      name,
      media_type,
      onConflict,
      firstNumber,
      modified_at,
    }: {
      parent: string;
      name: string;
      media_type: string;
      onConflict: OnConflict;
      firstNumber?: number | undefined;
      modified_at?: number | undefined;
    },
    claim: (writing: Writing) => Promise<void> = async () => {},
  ): Promise<{ entry: Entry; replaced: boolean }> {
    return blobs.publish(staged, (placed) =>
      account.change(async (writing) => {
        const { store, tree } = writing;
        await claim(writing);
        await tree.folder(parent);
        const existing = await store.entries.child(parent, nameKey(name));
        if (existing && onConflict === 'fail') throw nameTaken(name);
        if (existing && onConflict === 'replace') {
          const { cid, size } = staged;
          await replaceContent(writing, existing, { cid, size, media_type }, { context, retain: () => store.blobs.retain(placed, now()) });
          if (modified_at !== undefined) await store.entries.setModified(existing.id, modified_at);
          return { entry: toEntry(await tree.get(existing.id)), replaced: true };
        }
        if (!(await store.usage.add(staged.size, settings.quota))) throw overQuota();
        await store.blobs.retain(placed, now());
        const free = existing ? await tree.freeName(parent, name, 'file', firstNumber) : name;
        const entry = await insert(writing, {
          parent,
          name: free,
          kind: 'file',
          size: staged.size,
          cid: staged.cid,
          media_type,
          modified_at,
        });
        return { entry, replaced: false };
      }),
    );
  }

  function createFolder({
    parent,
    name,
    onConflict = 'fail',
    firstNumber,
  }: {
    parent: string;
    name: string;
    onConflict?: 'fail' | 'rename' | undefined;
    firstNumber?: number | undefined;
  }): Promise<Entry> {
    return account.change(async (writing) => {
      checkFileName(name);
      const { store, tree } = writing;
      await tree.checkDepth((await tree.folder(parent)).above.length);
      const existing = await store.entries.child(parent, nameKey(name));
      if (existing && onConflict === 'fail') throw nameTaken(name);
      const free = existing ? await tree.freeName(parent, name, 'folder', firstNumber) : name;
      return insert(writing, { parent, name: free, kind: 'folder', size: 0, cid: null, media_type: null });
    });
  }

  /** The folder at the end of a way of names down from `parent`; what is missing on the way is made. Errors: `not_a_folder`. */
  function createPath({ parent, names }: { parent: string; names: readonly string[] }): Promise<Entry> {
    return account.change(async (writing) => {
      const { row, above } = await writing.tree.folder(parent);
      let folder = toEntry(row);
      for (const [index, name] of names.entries()) {
        const existing = await writing.store.entries.child(folder.id, nameKey(name));
        if (existing && existing.kind !== 'folder')
          throw new DriveError('not_a_folder', `"${name}" is a file, not a folder. Choose another place.`);
        if (!existing) {
          checkFileName(name);
          await writing.tree.checkDepth(above.length + index);
        }
        folder = existing
          ? toEntry(existing)
          : await insert(writing, { parent: folder.id, name, kind: 'folder', size: 0, cid: null, media_type: null });
      }
      return folder;
    });
  }

  /** An empty file that points at another entry, of this drive or of one that is shared; what it points at may go away. */
  function createShortcut({
    parent,
    name,
    target,
    firstNumber,
  }: {
    parent: string;
    name: string;
    target: string;
    firstNumber?: number | undefined;
  }): Promise<Entry> {
    return account.change(async (writing) => {
      checkFileName(name);
      const { store, tree } = writing;
      await tree.folder(parent);
      const free = (await store.entries.child(parent, nameKey(name))) ? await tree.freeName(parent, name, 'file', firstNumber) : name;
      await store.blobs.retain(emptyContent, now());
      return insert(writing, { parent, name: free, kind: 'file', size: 0, cid: emptyContent.cid, media_type: mediaTypeOf(name), target });
    });
  }

  /** To another folder, under another name, or both. One row changes, however much is below. */
  function move({ id, parent, name, onConflict = 'fail', firstNumber }: MoveOptions): Promise<Entry> {
    return account.change(async ({ store, tree, record }) => {
      if (name !== undefined) checkFileName(name);
      const row = await tree.movable(id);
      const target = { parent: parent ?? row.parent, name: name ?? row.name };
      const { above } = await tree.folder(target.parent);
      if (above.includes(id))
        throw new DriveError('move_into_itself', `"${row.name}" cannot be moved into itself. Choose a folder outside of it.`);
      if (target.parent !== row.parent) await tree.checkDepth(above.length);

      const existing = await store.entries.child(target.parent, nameKey(target.name));
      if (existing && existing.id !== id) {
        if (onConflict === 'fail') throw nameTaken(target.name);
        if (onConflict === 'rename') target.name = await tree.freeName(target.parent, target.name, row.kind, firstNumber);
        else {
          await tree.removable(existing.id);
          await store.entries.setTrashed(existing.id, now());
          await record({ op: 'trashed', entry: existing.id, parent: target.parent });
        }
      }
      if (target.parent === row.parent && target.name === row.name) return toEntry(row);
      await store.entries.place(id, { ...target, name_key: nameKey(target.name) });
      await record({ op: 'moved', entry: id, parent: target.parent, ...(target.parent !== row.parent && { origin: row.parent }) });
      return toEntry(await tree.get(id));
    });
  }

  return {
    /** Errors: `name_taken`, `quota_exceeded`, `disk_full`, `upload_incomplete`, the signal's reason. A failed write leaves nothing. */
    writeFile,
    putFile,
    createFolder,
    createPath,
    createShortcut,
    move,
    rename: (id: string, name: string, { onConflict }: { onConflict?: OnConflict } = {}): Promise<Entry> => move({ id, name, onConflict }),
  };
}
