import { sql, type Sql } from '@freehold/database';
import type { Right } from '../right.ts';

export type ShareRow = { id: string; drive: string; entry: string; holder: string; access: Right; created_at: number };

/** What accounts may do with entries of drives that are not theirs. */
export const shareRows = (tx: Sql) => ({
  /** What one account holds in one drive. */
  heldIn(drive: string, holder: string): Promise<{ entry: string; access: Right }[]> {
    return tx.all(sql`SELECT entry, access FROM share WHERE holder = ${holder} AND drive = ${drive} ORDER BY created_at, id LIMIT 10000`);
  },

  /** With an entry goes what was shared of it. */
  async removeOf(entry: string): Promise<void> {
    await tx.run(sql`DELETE FROM share WHERE entry = ${entry}`);
  },
});
