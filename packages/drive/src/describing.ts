import { attributes as attributesSchema, type Attributes, type Entry } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError } from './error.ts';

const maximumAttributes = 16 * 1024;

/** What can be said about an entry besides its name and content. */
export const describing = (account: Account, { now }: Pick<Context, 'now'>) => ({
  /** Sets or, with null, removes some of the attributes. Errors: `attributes_invalid` beyond 16 KiB in all. */
  setAttributes(id: string, patch: Attributes): Promise<Entry> {
    return account.change(async ({ store, tree, record }) => {
      const row = await tree.get(id);
      const known = toEntry(row).attributes ?? {};
      const kept = Object.entries({ ...known, ...attributesSchema.parse(patch) }).filter(([, value]) => value !== null);
      const text = kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept));
      if (text !== null && Buffer.byteLength(text) > maximumAttributes)
        throw new DriveError(
          'attributes_invalid',
          `What is kept about one entry can be at most ${maximumAttributes} bytes. Store it as a file.`,
        );
      await store.entries.setAttributes(id, text);
      await record({ op: 'updated', entry: id, parent: row.parent ?? id });
      return toEntry(await tree.get(id));
    });
  },

  /** Sets the time of the last change, in milliseconds; now when not given. */
  touch(id: string, at = now()): Promise<Entry> {
    return account.change(async ({ store, tree, record }) => {
      const row = await tree.movable(id);
      await store.entries.setModified(id, at);
      await record({ op: 'updated', entry: id, parent: row.parent });
      return toEntry(await tree.get(id));
    });
  },
});
