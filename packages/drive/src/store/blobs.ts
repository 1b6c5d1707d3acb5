import { sql, type Sql, type Statement } from '@freehold/database';

export type BlobRow = { cid: string; size: number; leaves: Uint8Array | null; content: Uint8Array | null };

/** How many CIDs one lookup takes; always filled up to that, so that there is one statement to prepare. */
export const lookupSize = 64;

/** The rows of content, which belong to no drive: who may read one is decided by the entries. */
export const blobRows = (tx: Sql) => ({
  async content(cid: string): Promise<Uint8Array | undefined> {
    const row = await tx.get<{ content: Uint8Array | null }>(sql`SELECT content FROM blob WHERE cid = ${cid}`);
    return row?.content ?? undefined;
  },

  /** Adds one reference, and the blob itself when it is the first. */
  async retain({ cid, size, leaves, content }: BlobRow): Promise<void> {
    await tx.run(sql`INSERT INTO blob (cid, size, leaves, content, refs, zero_at) VALUES (${cid}, ${size}, ${leaves}, ${content}, 1, NULL)
      ON CONFLICT (cid) DO UPDATE SET refs = blob.refs + 1, zero_at = NULL`);
  },

  /** Adds one reference to a blob that is there; false when it is not. */
  async retainKnown(cid: string): Promise<boolean> {
    return (await tx.run(sql`UPDATE blob SET refs = refs + 1, zero_at = NULL WHERE cid = ${cid}`)) > 0;
  },

  async release(cid: string, now: number): Promise<void> {
    await tx.run(
      sql`UPDATE blob SET refs = refs - 1, zero_at = CASE WHEN refs = 1 THEN CAST(${now} AS BIGINT) ELSE NULL END WHERE cid = ${cid}`,
    );
  },

  /** Those of the CIDs that are blobs kept as files. */
  async filesAmong(cids: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let start = 0; start < cids.length; start += lookupSize) {
      const some = cids.slice(start, start + lookupSize);
      const filled = Array.from({ length: lookupSize }, (_, index) => some[index] ?? '');
      const rows = await tx.all<{ cid: string }>(
        sql`SELECT cid FROM blob WHERE content IS NULL AND cid IN (${listOf(filled)}) ORDER BY cid LIMIT ${lookupSize}`,
      );
      for (const { cid } of rows) found.add(cid);
    }
    return found;
  },

  /** Blobs that nothing has pointed at since `before`, longest first. */
  unreferenced(before: number, limit: number): Promise<{ cid: string; file: number }[]> {
    return tx.all(sql`SELECT cid, CASE WHEN content IS NULL THEN 1 ELSE 0 END AS file FROM blob
      WHERE refs = 0 AND zero_at <= ${before} ORDER BY zero_at, cid LIMIT ${limit}`);
  },

  /** Takes the row away if still nothing points at it. */
  async remove(cid: string, before: number): Promise<boolean> {
    return (await tx.run(sql`DELETE FROM blob WHERE cid = ${cid} AND refs = 0 AND zero_at <= ${before}`)) > 0;
  },

  /** Looks at every blob: for a person who asks, not for every request. */
  async totals(): Promise<{ count: number; bytes: number }> {
    const row = await tx.get<{ count: number; bytes: number }>(
      sql`SELECT COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM blob`,
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  },

  /** For the audit: blobs whose references, counted anew, are not as many as they say. */
  miscounted(limit: number): Promise<{ cid: string; refs: number; counted: number }[]> {
    return tx.all(sql`SELECT blob.cid, blob.refs, COALESCE(naming.counted, 0) AS counted
      FROM blob LEFT JOIN (
        SELECT cid, COUNT(*) AS counted FROM (SELECT cid FROM entry WHERE cid IS NOT NULL UNION ALL SELECT cid FROM version) AS named GROUP BY cid
      ) AS naming ON naming.cid = blob.cid
      WHERE blob.refs <> COALESCE(naming.counted, 0) ORDER BY blob.cid LIMIT ${limit}`);
  },

  /** For the audit: blobs kept as files, in the order of their CIDs. */
  files(after: string, limit: number): Promise<{ cid: string; size: number }[]> {
    return tx.all(sql`SELECT cid, size FROM blob WHERE content IS NULL AND cid > ${after} ORDER BY cid LIMIT ${limit}`);
  },

  /** For the audit: entries and versions that name content which has no row. */
  dangling(limit: number): Promise<{ entry: string; cid: string }[]> {
    return tx.all(sql`SELECT id AS entry, cid FROM entry WHERE cid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = entry.cid)
      UNION ALL SELECT entry, cid FROM version WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = version.cid) ORDER BY entry LIMIT ${limit}`);
  },
});

function listOf(values: readonly string[]): Statement {
  return values.slice(1).reduce<Statement>((list, value) => sql`${list}, ${value}`, sql`${values[0] ?? ''}`);
}
