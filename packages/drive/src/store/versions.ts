import { sql, type Sql } from '@freehold/database';

export type VersionRow = { number: number; cid: string; size: number; media_type: string | null; modified_at: number };

/** Earlier contents of the files of one drive. Each holds a reference to its blob and counts towards the quota. */
export const versionRows = (tx: Sql, drive: string) => ({
  /** Newest first. */
  list(entry: string, limit: number): Promise<VersionRow[]> {
    return tx.all(sql`SELECT number, cid, size, media_type, modified_at FROM version
      WHERE drive = ${drive} AND entry = ${entry} ORDER BY number DESC LIMIT ${limit}`);
  },

  async add(entry: string, { cid, size, media_type, modified_at }: Omit<VersionRow, 'number'>): Promise<number> {
    const row = await tx.get<{ number: number }>(sql`INSERT INTO version (entry, number, drive, cid, size, media_type, modified_at)
      SELECT ${entry}, COALESCE(MAX(number), 0) + 1, ${drive}, ${cid}, ${size}, ${media_type}, ${modified_at} FROM version WHERE entry = ${entry}
      RETURNING number`);
    return row?.number ?? 0;
  },

  /** Takes away the versions with a number up to `last` and answers what they held. A file has few: older ones go as new ones come. */
  async remove(entry: string, last: number): Promise<{ cid: string; size: number }[]> {
    const held = await tx.all<{ cid: string; size: number }>(sql`SELECT cid, size FROM version
      WHERE drive = ${drive} AND entry = ${entry} AND number <= ${last} ORDER BY number LIMIT 100000`);
    if (held.length > 0) await tx.run(sql`DELETE FROM version WHERE drive = ${drive} AND entry = ${entry} AND number <= ${last}`);
    return held;
  },
});
