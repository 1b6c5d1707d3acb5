import type { Entry } from '@freehold/protocol';
import type { Account, Context, Writing } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError, notFound } from './error.ts';
import { checkFileName, nameKey } from './file-name.ts';
import { overQuota } from './stage.ts';
import type { EntryRow } from './store/entries.ts';
import { trashOf } from './trash.ts';
import { nameTaken } from './tree.ts';
import type { OnConflict } from './writing.ts';

/** Entries copied in one transaction, so that other writers never wait long for a large copy. */
const slice = 200;

export type CopyOptions = {
  id: string;
  /** Folder to copy into. */
  parent: string;
  /** The present name when not given. */
  name?: string | undefined;
  /** As for a move: `replace` puts what is in the way into the trash. */
  onConflict?: OnConflict | undefined;
  firstNumber?: number | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Copies an entry with everything below it, also from one drive to another. Content is not read: the copy names the same blobs, and
 * counts towards the quota of its drive. Earlier versions stay with the original. A folder appears at once and fills in slices; when
 * that fails (quota, signal) what was copied is deleted again.
 */
export async function copyEntry(
  context: Context,
  { from, to }: { from: Account; to: Account },
  { id, parent, name, onConflict = 'fail', firstNumber, signal }: CopyOptions,
): Promise<Entry> {
  const { settings, now, newId } = context;
  const source = await from.look();
  const original = await source.tree.get(id);
  await source.tree.wayUp(id);
  const newName = name ?? original.name;
  checkFileName(newName);

  const top = await to.change(async (writing) => {
    const { store, tree, record } = writing;
    const { above } = await tree.folder(parent);
    if (above.includes(id))
      throw new DriveError('move_into_itself', `"${original.name}" cannot be copied into itself. Choose a folder outside of it.`);
    await tree.checkDepth(above.length);
    const existing = await store.entries.child(parent, nameKey(newName));
    if (existing && onConflict === 'fail') throw nameTaken(newName);
    if (existing && onConflict === 'replace') {
      if (existing.id === id) throw nameTaken(newName);
      await tree.removable(existing.id);
      await store.entries.setTrashed(existing.id, now());
      await record({ op: 'trashed', entry: existing.id, parent });
    }
    const free = existing && onConflict === 'rename' ? await tree.freeName(parent, newName, original.kind, firstNumber) : newName;
    return { row: await insertCopy(writing, original, { parent, name: free }), depth: above.length };
  });

  try {
    const folders = original.kind === 'folder' ? [{ original: id, copy: top.row.id, depth: top.depth + 1 }] : [];
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      for (let after = '', more = true; more;) {
        signal?.throwIfAborted();
        context.closing.throwIfAborted();
        const rows = await source.store.entries.children(folder.original, { after, limit: slice });
        folders.push(...(await copySlice(rows, folder)));
        after = rows.at(-1)?.name_key ?? after;
        more = rows.length === slice;
      }
    }
  } catch (cause) {
    await trashOf(to, context)
      .deleteForever(top.row.id)
      .catch(() => {});
    throw cause;
  }
  return toEntry(top.row);

  function copySlice(rows: readonly EntryRow[], { copy, depth }: { copy: string; depth: number }) {
    return to.change(async (writing) => {
      await writing.tree.checkDepth(depth);
      const below: { original: string; copy: string; depth: number }[] = [];
      for (const row of rows) {
        // Somebody may move the copy into the original meanwhile: it must not copy itself without end.
        if (row.id === top.row.id) continue;
        const made = await insertCopy(writing, row, { parent: copy, name: row.name });
        if (row.kind === 'folder') below.push({ original: row.id, copy: made.id, depth: depth + 1 });
      }
      return below;
    });
  }

  async function insertCopy({ store, record }: Writing, row: EntryRow, place: { parent: string; name: string }): Promise<EntryRow> {
    if (!(await store.usage.add(row.size, settings.quota))) throw overQuota();
    if (row.cid !== null && !(await store.blobs.retainKnown(row.cid))) throw notFound();
    const copy = { ...row, ...place, id: newId(), name_key: nameKey(place.name), created_at: now(), modified_at: now(), trashed_at: null };
    await store.entries.insert(copy);
    await store.properties.copy({ from: row.id, to: copy.id });
    await record({ op: 'created', entry: copy.id, parent: place.parent });
    return copy;
  }
}
