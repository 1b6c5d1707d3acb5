import { sql, type Sql } from '@freehold/database';
import { inLists } from './list.ts';

export type VersionRow = {
  number: number;
  cid: string;
  size: number;
  media_type: string | null;
  /** When this content was written. */
  modified_at: number;
  /** When newer content took its place. */
  replaced_at: number;
  /** A named version is kept until somebody deletes it. */
  name: string | null;
};
export type Held = { entry: string; number: number; cid: string; size: number };

/** Versions taken away by one statement: what is more goes with the next one. */
export const versionSlice = 200;

/** Earlier contents of the files of one drive. Each holds a reference to its blob and counts towards the quota. */
export const versionRows = (tx: Sql, drive: string) => ({
  /** Newest first, those with a number below `before`. */
  list(entry: string, { before, limit }: { before: number; limit: number }): Promise<VersionRow[]> {
    return tx.all(sql`SELECT number, cid, size, media_type, modified_at, replaced_at, name FROM version
      WHERE drive = ${drive} AND entry = ${entry} AND number < ${before} ORDER BY number DESC LIMIT ${limit}`);
  },

  get(entry: string, number: number): Promise<VersionRow | undefined> {
    return tx.get(sql`SELECT number, cid, size, media_type, modified_at, replaced_at, name FROM version
      WHERE drive = ${drive} AND entry = ${entry} AND number = ${number}`);
  },

  /** The number is one more than the last that this file ever had. */
  async add(entry: string, { cid, size, media_type, modified_at, replaced_at }: Omit<VersionRow, 'number' | 'name'>): Promise<void> {
    const row = await tx.get<{ number: number }>(
      sql`UPDATE entry SET last_version = last_version + 1 WHERE drive = ${drive} AND id = ${entry} RETURNING last_version AS number`,
    );
    await tx.run(sql`INSERT INTO version (entry, number, drive, cid, size, media_type, modified_at, replaced_at, name)
      VALUES (${entry}, ${row?.number ?? 1}, ${drive}, ${cid}, ${size}, ${media_type}, ${modified_at}, ${replaced_at}, NULL)`);
  },

  async setName(entry: string, number: number, name: string | null): Promise<void> {
    await tx.run(sql`UPDATE version SET name = ${name} WHERE drive = ${drive} AND entry = ${entry} AND number = ${number}`);
  },

  /** Versions without a name that are more than `keep`, or were replaced at or before `until`; the oldest first, a slice of them. */
  surplus(entry: string, { keep, until }: { keep: number; until: number }): Promise<Held[]> {
    return tx.all(sql`SELECT entry, number, cid, size FROM version
      WHERE drive = ${drive} AND entry = ${entry} AND name IS NULL AND (replaced_at <= ${until} OR number <= COALESCE((
        SELECT number FROM version WHERE drive = ${drive} AND entry = ${entry} AND name IS NULL ORDER BY number DESC LIMIT 1 OFFSET ${keep}
      ), 0)) ORDER BY number LIMIT ${versionSlice}`);
  },

  /** Versions without a name of any file that were replaced at or before `until`, a slice of them. */
  aged(until: number): Promise<Held[]> {
    return tx.all(sql`SELECT entry, number, cid, size FROM version
      WHERE drive = ${drive} AND replaced_at <= ${until} AND name IS NULL ORDER BY replaced_at, entry, number LIMIT ${versionSlice}`);
  },

  /** Everything that some files held before, a slice of it. */
  async ofAll(entries: readonly string[]): Promise<Held[]> {
    const held: Held[] = [];
    await inLists(entries, async (some) => {
      const found = await tx.all<Held>(sql`SELECT entry, number, cid, size FROM version
        WHERE drive = ${drive} AND entry IN (${some}) ORDER BY entry, number LIMIT ${versionSlice}`);
      held.push(...found);
    });
    return held;
  },

  async remove(entry: string, number: number): Promise<void> {
    await tx.run(sql`DELETE FROM version WHERE drive = ${drive} AND entry = ${entry} AND number = ${number}`);
  },
});

/** Of all drives: files that hold more versions without a name than their drive keeps, from behind `after`. `looked` is where the page ended. */
export const crowdedFiles = (tx: Sql) => ({
  page(after: string, limit: number): Promise<{ entry: string; account: string; held: number; keep: number | null }[]> {
    return tx.all(sql`SELECT held.entry, drive.account, held.held, drive.keep_versions AS keep
      FROM (SELECT entry, drive, COUNT(*) AS held FROM version WHERE entry > ${after} AND name IS NULL GROUP BY entry, drive ORDER BY entry LIMIT ${limit}) AS held
      JOIN drive ON drive.id = held.drive ORDER BY held.entry LIMIT ${limit}`);
  },
});
