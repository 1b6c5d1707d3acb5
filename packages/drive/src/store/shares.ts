import { sql, type Sql } from '@freehold/database';
import type { Right } from '../right.ts';
import { inLists, lookupSize } from './list.ts';

export type ShareRow = { id: string; drive: string; owner: string; entry: string; holder: string; access: Right; created_at: number };
/** Behind the last row of a page. */
export type After = { at: number; id: string };

const columns = sql`share.id, share.drive, drive.account AS owner, share.entry, share.holder, share.access, share.created_at`;

/** What accounts may do with entries of drives that are not theirs. */
export const shareRows = (tx: Sql) => ({
  /** What one account holds in one drive. */
  heldIn(drive: string, holder: string): Promise<{ entry: string; access: Right }[]> {
    return tx.all(sql`SELECT entry, access FROM share WHERE holder = ${holder} AND drive = ${drive} ORDER BY created_at, id LIMIT 10000`);
  },

  async put({ id, drive, entry, holder, access, created_at }: Omit<ShareRow, 'owner'>): Promise<void> {
    await tx.run(sql`INSERT INTO share (id, drive, entry, holder, access, created_at)
      VALUES (${id}, ${drive}, ${entry}, ${holder}, ${access}, ${created_at})
      ON CONFLICT (entry, holder) DO UPDATE SET access = excluded.access`);
  },

  find(entry: string, holder: string): Promise<ShareRow | undefined> {
    return tx.get(
      sql`SELECT ${columns} FROM share JOIN drive ON drive.id = share.drive WHERE share.entry = ${entry} AND share.holder = ${holder}`,
    );
  },

  async remove(entry: string, holder: string): Promise<boolean> {
    return (await tx.run(sql`DELETE FROM share WHERE entry = ${entry} AND holder = ${holder}`)) > 0;
  },

  of(entry: string, limit: number): Promise<ShareRow[]> {
    return tx.all(sql`SELECT ${columns} FROM share JOIN drive ON drive.id = share.drive
      WHERE share.entry = ${entry} ORDER BY share.created_at, share.id LIMIT ${limit}`);
  },

  async isAnyIn(drive: string): Promise<boolean> {
    return (await tx.get(sql`SELECT 1 AS found FROM share WHERE drive = ${drive} LIMIT 1`)) !== undefined;
  },

  /** Those of the entries that somebody was given. */
  async among(entries: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    await inLists(entries, async (some) => {
      const rows = await tx.all<{ entry: string }>(sql`SELECT DISTINCT entry FROM share WHERE entry IN (${some}) LIMIT ${lookupSize}`);
      for (const { entry } of rows) found.add(entry);
    });
    return found;
  },

  /** What an account was given by others, oldest first. */
  heldBy(holder: string, { at, id }: After, limit: number): Promise<ShareRow[]> {
    return tx.all(sql`SELECT ${columns} FROM share JOIN drive ON drive.id = share.drive
      WHERE share.holder = ${holder} AND (share.created_at, share.id) > (${at}, ${id}) ORDER BY share.created_at, share.id LIMIT ${limit}`);
  },

  /** What was given to others of one drive, oldest first. */
  givenIn(drive: string, { at, id }: After, limit: number): Promise<ShareRow[]> {
    return tx.all(sql`SELECT ${columns} FROM share JOIN drive ON drive.id = share.drive
      WHERE share.drive = ${drive} AND (share.created_at, share.id) > (${at}, ${id}) ORDER BY share.created_at, share.id LIMIT ${limit}`);
  },

  async countHeldBy(holder: string): Promise<number> {
    return (await tx.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM share WHERE holder = ${holder}`))?.count ?? 0;
  },

  async countGivenIn(drive: string): Promise<number> {
    return (await tx.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM share WHERE drive = ${drive}`))?.count ?? 0;
  },

  /** Accounts that share the whole of their drive with one account. */
  async wholeDrives(holder: string): Promise<string[]> {
    const rows = await tx.all<{ account: string }>(sql`SELECT drive.account FROM share JOIN drive ON drive.id = share.drive
      WHERE share.holder = ${holder} AND share.entry = drive.root ORDER BY drive.account LIMIT 1000`);
    return rows.map(({ account }) => account);
  },

  /** With entries goes what was shared of them. */
  async removeOf(entries: readonly string[]): Promise<void> {
    await inLists(entries, (some) => tx.run(sql`DELETE FROM share WHERE entry IN (${some})`));
  },

  async removeGivenIn(drive: string): Promise<void> {
    await tx.run(sql`DELETE FROM share WHERE drive = ${drive}`);
  },

  async removeHeldBy(holder: string): Promise<void> {
    await tx.run(sql`DELETE FROM share WHERE holder = ${holder}`);
  },
});
