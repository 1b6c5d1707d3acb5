import { sql, type Database } from '@freehold/database';

/** How a call was answered: by a run, by one that was under way, or from the cache. */
export type Outcome = 'ran' | 'failed' | 'joined' | 'cached';
export type UsageCount = { offer: string; day: number; outcome: Outcome; count: number };

/** How often each offer was called, by day: the cached calls leave no other trace. */
export function openUsageStore(database: Database) {
  return {
    addUsage: (counts: readonly UsageCount[]) =>
      database.transaction(async (tx) => {
        for (const { offer, day, outcome, count } of counts)
          await tx.run(sql`INSERT INTO task_usage (offer, day, outcome, calls) VALUES (${offer}, ${day}, ${outcome}, ${count})
            ON CONFLICT (offer, day, outcome) DO UPDATE SET calls = task_usage.calls + excluded.calls`);
      }),

    /** Calls since a day (days since the epoch), by outcome. */
    async usage(offer: string, since: number): Promise<Record<Outcome, number>> {
      const rows = await database.read.all<{ outcome: Outcome; calls: number }>(
        sql`SELECT outcome, CAST(SUM(calls) AS BIGINT) AS calls FROM task_usage WHERE offer = ${offer} AND day >= ${since} GROUP BY outcome LIMIT 8`,
      );
      const usage: Record<Outcome, number> = { ran: 0, failed: 0, joined: 0, cached: 0 };
      for (const { outcome, calls } of rows) usage[outcome] = calls;
      return usage;
    },
  };
}
