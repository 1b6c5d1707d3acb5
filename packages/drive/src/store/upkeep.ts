import { sql, type Sql } from '@freehold/database';

/** How far the background passes have come, so that a restart goes on there. One row a job, for the whole node. */
export const upkeepRows = (tx: Sql) => ({
  async position(job: string): Promise<string> {
    const row = await tx.get<{ position: string }>(sql`SELECT position FROM upkeep WHERE job = ${job}`);
    return row?.position ?? '';
  },

  async move(job: string, position: string, now: number): Promise<void> {
    await tx.run(sql`INSERT INTO upkeep (job, position, moved_at) VALUES (${job}, ${position}, ${now})
      ON CONFLICT (job) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at`);
  },
});
