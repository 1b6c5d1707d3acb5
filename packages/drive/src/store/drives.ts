import { sql, type Sql } from '@freehold/database';
import type { RetentionRow } from './retention.ts';

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

  /** All drives in the order of their accounts, with what they keep. */
  page(after: string, limit: number): Promise<({ account: string } & RetentionRow)[]> {
    return tx.all(sql`SELECT account, keep_versions, keep_version_days, keep_trash_days FROM drive
      WHERE account > ${after} ORDER BY account LIMIT ${limit}`);
  },

  async totals(): Promise<{ count: number; bytes: number }> {
    const row = await tx.get<{ count: number; bytes: number }>(
      sql`SELECT COUNT(*) AS count, CAST(COALESCE(SUM(used), 0) AS BIGINT) AS bytes FROM drive`,
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  },

  /** Accounts with folders deleted earlier whose contents are not yet removed, because the node was stopped in between. */
  withDoomed(limit: number): Promise<{ account: string }[]> {
    return tx.all(sql`SELECT account FROM drive WHERE id IN (SELECT drive FROM doomed) ORDER BY account LIMIT ${limit}`);
  },
});
