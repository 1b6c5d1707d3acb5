import { sql, type Sql } from '@freehold/database';
import type { Change } from '@freehold/protocol';

export type ChangeRow = { seq: number; op: Change['op']; entry: string; parent: string; origin: string | null; at: number };

/** The change feed of one drive. The counter is a column of the drive, so numbers have no gaps and are committed in order. */
export const changeRows = (tx: Sql, drive: string) => ({
  /** Writes the next change and forgets the one that is more than `keep` behind. */
  async record({ op, entry, parent, origin, at }: Omit<ChangeRow, 'seq'>, keep: number): Promise<void> {
    const row = await tx.get<{ seq: number }>(sql`UPDATE drive SET seq = seq + 1 WHERE id = ${drive} RETURNING seq`);
    const seq = row?.seq ?? 0;
    await tx.run(sql`INSERT INTO change (drive, seq, op, entry, parent, origin, at)
      VALUES (${drive}, ${seq}, ${op}, ${entry}, ${parent}, ${origin}, ${at})`);
    await tx.run(sql`DELETE FROM change WHERE drive = ${drive} AND seq <= ${seq - keep}`);
  },

  async latest(): Promise<number> {
    const row = await tx.get<{ seq: number }>(sql`SELECT seq FROM drive WHERE id = ${drive}`);
    return row?.seq ?? 0;
  },

  async latestAt(): Promise<number> {
    const row = await tx.get<{ at: number }>(sql`SELECT at FROM change WHERE drive = ${drive} ORDER BY seq DESC LIMIT 1`);
    return row?.at ?? 0;
  },

  since(seq: number, limit: number): Promise<ChangeRow[]> {
    return tx.all(sql`SELECT seq, op, entry, parent, origin, at FROM change
      WHERE drive = ${drive} AND seq > ${seq} ORDER BY seq LIMIT ${limit}`);
  },
});
