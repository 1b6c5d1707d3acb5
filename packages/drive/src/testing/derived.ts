import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@freehold/database';
import { underivedRows } from '../store/derivations.ts';

/** Settles when the content of all files has been looked at. */
export async function untilDerived({ database }: { database: Database }): Promise<void> {
  for (const begun = performance.now(); (await underivedRows(database.read, database.dialect).count()) > 0; await sleep(10))
    if (performance.now() - begun > 60_000) throw new Error('The queue of files to look at does not end');
}
