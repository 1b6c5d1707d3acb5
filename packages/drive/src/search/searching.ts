import type { Account, Context } from '../account.ts';
import type { Page } from '../looking.ts';
import { searchByName } from './by-name.ts';

export type SearchOptions = { text: string; after?: string | undefined; limit?: number | undefined };

export const searchingIn = (account: Account, context: Context) => ({
  /** Entries whose names hold all words of the text; those that begin with it first. Pages may be short, even empty, before the last. */
  search: (options: SearchOptions): Promise<Page> => searchByName(account, context, options),
});
