import type { Database } from '@freehold/database';
import type { Context } from '../account.ts';
import { foldNames } from '../store/names.ts';

const slice = 500;

/** What the search needs besides what the migrations made. Begins at the start of the node, ends by itself. */
export async function prepareSearch({
  database,
  log,
  signal,
}: {
  database: Database;
  log: Context['log'];
  signal: AbortSignal;
}): Promise<void> {
  let folded = 0;
  for (let more = slice; more === slice && !signal.aborted; folded += more) more = await database.transaction((tx) => foldNames(tx, slice));
  if (folded > 0) log('drive.names_folded', { entries: folded });
}
