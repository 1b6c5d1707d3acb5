import { DriveError, notFound } from './error.ts';
import { nameKey, numberedName } from './file-name.ts';
import type { Store } from './store.ts';
import type { EntryRow, Step } from './store/entries.ts';

/** Folders inside folders; a bound, so that a path always fits where paths must fit. */
export const maximumDepth = 200;

/**
 * The rules of the tree, applied to the rows inside one transaction.
 *
 * An entry is live when the way up from it reaches the root and nothing on that way is in the trash. Only live entries can be changed
 * or written into; what lies in the trash can be looked at, restored or deleted.
 */
export function treeOf({ entries }: Store, root: string, fixed: ReadonlySet<string>) {
  const tree = {
    async get(id: string): Promise<EntryRow> {
      const row = await entries.get(id);
      if (!row) throw notFound();
      return row;
    },

    /** A live entry that may be renamed, moved and trashed. */
    async movable(id: string): Promise<EntryRow & { parent: string }> {
      const row = await tree.removable(id);
      await tree.wayUp(id);
      return row;
    },

    /** An entry, in the trash or not, other than the root and the folders that every drive has. */
    async removable(id: string): Promise<EntryRow & { parent: string }> {
      const row = await tree.get(id);
      if (row.parent === null) throw new DriveError('root_fixed', 'The drive itself cannot be renamed, moved or deleted.');
      if (tree.isFixed(row))
        throw new DriveError('root_fixed', `"${row.name}" is a folder that every drive has; it cannot be renamed, moved or deleted.`);
      return { ...row, parent: row.parent };
    },

    isFixed: (row: EntryRow): boolean => row.parent === root && row.kind === 'folder' && row.trashed_at === null && fixed.has(row.name),

    /** A live folder, with the ids from it up to the root. */
    async folder(id: string): Promise<{ row: EntryRow; above: string[] }> {
      const row = await tree.get(id);
      if (row.kind !== 'folder') throw new DriveError('not_a_folder', `"${row.name}" is a file, not a folder. Choose a folder.`);
      return { row, above: await tree.wayUp(id) };
    },

    async wayUp(id: string): Promise<string[]> {
      const steps = await entries.lineage(id);
      if (steps.some(({ trashed_at }) => trashed_at !== null))
        throw new DriveError('entry_in_trash', 'That is in the trash. Restore it first.');
      if (steps.at(-1)?.id !== root) throw notFound();
      return steps.map((step) => step.id);
    },

    async isLive(id: string): Promise<boolean> {
      const steps = await entries.lineage(id);
      return steps.at(-1)?.id === root && steps.every(({ trashed_at }) => trashed_at === null);
    },

    /** Slash-separated names from the root; undefined where the way up no longer reaches it. */
    path: async (id: string): Promise<string | undefined> => tree.pathOf(await entries.lineage(id)),

    /** The entry and the folders above it, upwards. */
    steps: (id: string) => entries.lineage(id),

    pathOf(steps: readonly Step[]): string | undefined {
      if (steps.at(-1)?.id !== root) return undefined;
      return `/${steps
        .slice(0, -1)
        .map(({ name }) => name)
        .reverse()
        .join('/')}`;
    },

    async checkDepth(depth: number): Promise<void> {
      if (depth > maximumDepth) throw tooDeep();
    },

    /** The first free of "name (2)", "name (3)" …, or from another number on; found by doubling and halving when there are many. */
    async freeName(parent: string, name: string, kind: EntryRow['kind'], firstNumber = 2): Promise<string> {
      const taken = async (number: number) => (await entries.child(parent, nameKey(numberedName(name, number, kind)))) !== undefined;
      let low = firstNumber - 1;
      let high = firstNumber;
      while (await taken(high)) {
        low = high;
        high *= 2;
      }
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (await taken(middle)) low = middle;
        else high = middle;
      }
      return numberedName(name, high, kind);
    },
  };
  return tree;
}
export type Tree = ReturnType<typeof treeOf>;

export const tooDeep = () =>
  new DriveError('too_deep', `Folders can lie at most ${maximumDepth} deep in each other. Choose a place further up.`);

export const nameTaken = (name: string) =>
  new DriveError('name_taken', `"${name}" exists there already. Choose another name, replace it, or keep both.`, { details: { name } });
