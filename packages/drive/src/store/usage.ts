import { sql, type Sql } from '@freehold/database';

/** What one drive holds, in logical bytes: the same content twice counts twice, so nobody learns what others have. */
export const usageRows = (tx: Sql, drive: string) => ({
  read(): Promise<{ used: number; quota: number | null } | undefined> {
    return tx.get(sql`SELECT used, quota FROM drive WHERE id = ${drive}`);
  },

  /** Counts the bytes in if they fit; false when they do not. `standard` is the quota of a drive that has none of its own. */
  async add(bytes: number, standard: number): Promise<boolean> {
    const fits = await tx.run(
      sql`UPDATE drive SET used = used + ${bytes} WHERE id = ${drive} AND used + ${bytes} <= COALESCE(quota, ${standard})`,
    );
    return fits > 0;
  },

  async subtract(bytes: number): Promise<void> {
    await tx.run(sql`UPDATE drive SET used = used - ${bytes} WHERE id = ${drive}`);
  },
});
