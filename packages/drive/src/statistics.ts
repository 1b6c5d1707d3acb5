import type { Entry } from '@freehold/protocol';
import type { Account } from './account.ts';
import { toEntry } from './entry.ts';

export type Statistics = {
  files: number;
  /** Bytes of the present contents, trash included. */
  size: number;
  /** By media type, the largest sum first. */
  types: { type: string; files: number; size: number }[];
  /** The largest files, with their paths. */
  largest: Entry[];
};

const mostTypes = 100;

/** What a drive is full of. It looks at every entry: for a person who asks. */
export const statisticsOf = (account: Account) => ({
  async statistics({ largest = 10 }: { largest?: number } = {}): Promise<Statistics> {
    const { store, tree } = await account.look();
    const types = await store.entries.byType(mostTypes);
    const rows = await store.entries.largest(largest);
    return {
      files: types.reduce((sum, { files }) => sum + files, 0),
      size: types.reduce((sum, { size }) => sum + size, 0),
      types,
      largest: await Promise.all(rows.map(async (row) => toEntry(row, await tree.path(row.id)))),
    };
  },

  /** A file of the drive that has this content, if there is one outside of the trash. */
  async fileWith(cid: string): Promise<Entry | undefined> {
    const { store, tree } = await account.look();
    for (const row of await store.entries.withContent(cid, 100))
      if (await tree.isLive(row.id)) return toEntry(row, await tree.path(row.id));
    return undefined;
  },
});
