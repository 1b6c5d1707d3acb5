import { sql, type Sql } from '@freehold/database';

export type DriveRow = { id: string; root: string };

/** The rows of the drives themselves, by account. */
export const driveRows = (tx: Sql) => ({
  find(account: string): Promise<DriveRow | undefined> {
    return tx.get(sql`SELECT id, root FROM drive WHERE account = ${account}`);
  },

  /** The account in whose drive an entry is: for who then asks what it may do with it. */
  async ownerOf(entry: string): Promise<string | undefined> {
    const row = await tx.get<{ account: string }>(
      sql`SELECT drive.account FROM entry JOIN drive ON drive.id = entry.drive WHERE entry.id = ${entry}`,
    );
    return row?.account;
  },

  async create({ id, account, root, now }: { id: string; account: string; root: string; now: number }): Promise<void> {
    await tx.run(sql`INSERT INTO drive (id, account, root, quota, used, seq, created_at)
      VALUES (${id}, ${account}, ${root}, NULL, 0, 0, ${now})`);
  },

  async setQuota(account: string, quota: number | null): Promise<void> {
    await tx.run(sql`UPDATE drive SET quota = ${quota} WHERE account = ${account}`);
  },

  async totals(): Promise<{ count: number; bytes: number }> {
    const row = await tx.get<{ count: number; bytes: number }>(
      sql`SELECT COUNT(*) AS count, CAST(COALESCE(SUM(used), 0) AS BIGINT) AS bytes FROM drive`,
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  },

  /** For the audit: drives whose bytes, counted anew, are not as many as they say. */
  miscounted(limit: number): Promise<{ id: string; used: number; counted: number }[]> {
    return tx.all(sql`SELECT drive.id, drive.used, CAST(COALESCE(held.counted, 0) AS BIGINT) AS counted
      FROM drive LEFT JOIN (
        SELECT drive, SUM(size) AS counted FROM (SELECT drive, size FROM entry UNION ALL SELECT drive, size FROM version) AS sizes GROUP BY drive
      ) AS held ON held.drive = drive.id
      WHERE drive.used <> COALESCE(held.counted, 0) ORDER BY drive.id LIMIT ${limit}`);
  },

  /** Accounts with folders deleted earlier whose contents are not yet removed, because the node was stopped in between. */
  withDoomed(limit: number): Promise<{ account: string }[]> {
    return tx.all(sql`SELECT account FROM drive WHERE id IN (SELECT drive FROM doomed) ORDER BY account LIMIT ${limit}`);
  },
});
