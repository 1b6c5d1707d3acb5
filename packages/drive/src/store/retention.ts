import { sql, type Sql } from '@freehold/database';

export type RetentionRow = { keep_versions: number | null; keep_version_days: number | null; keep_trash_days: number | null };

/** How long one drive keeps what was replaced or thrown away; null where the standard of the node holds. */
export const retentionRows = (tx: Sql, drive: string) => ({
  read(): Promise<RetentionRow | undefined> {
    return tx.get(sql`SELECT keep_versions, keep_version_days, keep_trash_days FROM drive WHERE id = ${drive}`);
  },

  async set({ keep_versions, keep_version_days, keep_trash_days }: RetentionRow): Promise<void> {
    await tx.run(sql`UPDATE drive SET keep_versions = ${keep_versions}, keep_version_days = ${keep_version_days}, keep_trash_days = ${keep_trash_days}
      WHERE id = ${drive}`);
  },
});
