import type { Account } from './account.ts';
import { DriveError } from './error.ts';
import { propertyLookup, type PropertyRow } from './store/properties.ts';

/** Of one entry: enough for every client there is, and too little to keep files in. */
const maximumCount = 500;
const maximumCharacters = 64 * 1024;

export type Property = PropertyRow;
/** To set when it has a value, to remove when it has none. */
export type PropertyChange = { namespace: string; name: string; value?: string | undefined };

/** Properties that clients keep with the entries of a drive. The node does not look into them. */
export const propertiesOf = (account: Account) => ({
  /** Of many entries at once, by id; an entry without any is not in the answer. */
  async of(ids: readonly string[]): Promise<Map<string, Property[]>> {
    const { store } = await account.look();
    const found = new Map<string, Property[]>();
    for (let start = 0; start < ids.length; start += propertyLookup) {
      const rows = await store.properties.ofAll(ids.slice(start, start + propertyLookup), propertyLookup * maximumCount);
      for (const { entry, ...property } of rows) found.set(entry, [...(found.get(entry) ?? []), property]);
    }
    return found;
  },

  /** In the order given, all or nothing. Errors: `entry_not_found`, `entry_in_trash`, `too_many_properties`. */
  async change(id: string, changes: readonly PropertyChange[]): Promise<void> {
    await account.change(async ({ store: { properties }, tree }) => {
      await tree.get(id);
      await tree.wayUp(id);
      for (const { namespace, name, value } of changes) {
        if (value === undefined) await properties.remove(id, { namespace, name });
        else await properties.set(id, { namespace, name, value });
      }
      const { count, characters } = await properties.weight(id);
      if (count > maximumCount || characters > maximumCharacters)
        throw new DriveError(
          'too_many_properties',
          `A file can have at most ${maximumCount} properties with ${maximumCharacters / 1024} KiB in all. Remove some first.`,
        );
    });
  },
});
