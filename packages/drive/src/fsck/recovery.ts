import type { Account, Context, Writing } from '../account.ts';
import { nameKey } from '../file-name.ts';
import { auditRows } from '../store/audit.ts';
import type { EntryRow } from '../store/entries.ts';

const folderName = 'Recovered';

/** Puts what was lost from sight where its owner finds it: into the folder "Recovered" at the top of the drive. */
export function recovery({ context, accountOf }: { context: Context; accountOf: (name: string) => Account }) {
  const { database, now, newId } = context;

  async function inDrive(drive: string, work: (writing: Writing) => Promise<void>): Promise<void> {
    const row = await auditRows(database.read).drive(drive);
    if (row) await accountOf(row.account).change(work);
  }

  async function insert(
    { store, record }: Writing,
    entry: Pick<EntryRow, 'name' | 'kind' | 'size' | 'cid' | 'media_type'> & { parent: string },
  ) {
    const id = newId();
    const at = now();
    await store.entries.insert({
      ...entry,
      id,
      target: null,
      attributes: null,
      name_key: nameKey(entry.name),
      created_at: at,
      modified_at: at,
      trashed_at: null,
    });
    await record({ op: 'created', entry: id, parent: entry.parent });
    return id;
  }

  async function recoveredFolder(writing: Writing): Promise<string> {
    const { root, store, tree } = writing;
    const found = await store.entries.child(root, folderName);
    if (found?.kind === 'folder') return found.id;
    const name = found ? await tree.freeName(root, folderName, 'folder') : folderName;
    return insert(writing, { parent: root, name, kind: 'folder', size: 0, cid: null, media_type: null });
  }

  return {
    /** An entry with everything below it. */
    reattach: (drive: string, id: string): Promise<void> =>
      inDrive(drive, async (writing) => {
        const { store, tree, record } = writing;
        const row = await tree.get(id);
        const parent = await recoveredFolder(writing);
        const name = (await store.entries.child(parent, nameKey(row.name))) ? await tree.freeName(parent, row.name, row.kind) : row.name;
        await store.entries.place(id, { parent, name, name_key: nameKey(name) });
        await record({ op: 'moved', entry: id, parent });
      }),

    /** A version whose file is gone becomes a file; the reference and the bytes it counts go over to that. */
    adopt: (drive: string, entry: string, number: number): Promise<void> =>
      inDrive(drive, async (writing) => {
        const { store, tree } = writing;
        const version = await store.versions.get(entry, number);
        if (!version) return;
        const parent = await recoveredFolder(writing);
        const wanted = `Version ${number} of ${entry}`;
        const name = (await store.entries.child(parent, nameKey(wanted))) ? await tree.freeName(parent, wanted, 'file') : wanted;
        const { cid, size, media_type } = version;
        await insert(writing, { parent, name, kind: 'file', size, cid, media_type });
        await store.versions.remove(entry, number);
      }),
  };
}
