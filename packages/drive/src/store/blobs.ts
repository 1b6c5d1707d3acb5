import { sql, type Sql, type Statement } from '@freehold/database';
import type { Placing } from '../content/shelf.ts';
import { ContentGone } from '../error.ts';
import { objectRows } from './objects.ts';
import { inLists, lookupSize } from './list.ts';
import { references } from './references.ts';

export type BlobRow = { cid: string; size: number; leaves: Uint8Array | null; content: Uint8Array | null };

export type StoredRow = {
  cid: string;
  size: number;
  /** The bytes of a small blob; null when they are a file. */
  content: Uint8Array | null;
  verified_at: number | null;
  damaged_at: number | null;
};

/** The rows of content, which belong to no drive: who may read one is decided by the entries. */
export const blobRows = (tx: Sql) => ({
  get(cid: string): Promise<StoredRow | undefined> {
    return tx.get(sql`SELECT cid, size, content, verified_at, damaged_at FROM blob WHERE cid = ${cid}`);
  },

  /** SHA-256 of each MiB of a blob that has more than one. */
  async leaves(cid: string): Promise<Uint8Array | undefined> {
    const row = await tx.get<{ leaves: Uint8Array | null }>(sql`SELECT leaves FROM blob WHERE cid = ${cid}`);
    return row?.leaves ?? undefined;
  },

  /**
   * Adds one reference, and the blob itself when it is the first. Only for content that was published: `placing` says where it is.
   * Bytes that were just hashed and put in place repair a blob that was damaged.
   */
  async retain({ cid, size, leaves, content, placing }: BlobRow & { placing: Placing }, now: number): Promise<void> {
    const object = placing.kind === 'object' ? placing.key : null;
    if (placing.kind !== 'row') {
      const named = await addReference(tx, cid);
      if (named && (placing.kind === 'known' || (named.object ?? '') !== placing.instead)) return;
      if (placing.kind === 'known' || !(await objectRows(tx).claim(placing.key))) throw new ContentGone();
      if (named) {
        await tx.run(sql`UPDATE blob SET object = ${object}, verified_at = ${now}, damaged_at = NULL WHERE cid = ${cid}`);
        if (named.object !== null) await objectRows(tx).giveUp(named.object, now);
        return;
      }
    }
    const row = await tx.get<{
      object: string | null;
    }>(sql`INSERT INTO blob (cid, size, leaves, content, object, refs, zero_at, verified_at)
      VALUES (${cid}, ${size}, ${leaves}, ${content}, ${object}, 1, NULL, ${now})
      ON CONFLICT (cid) DO UPDATE SET refs = blob.refs + 1, zero_at = NULL, content = excluded.content, leaves = excluded.leaves,
        verified_at = excluded.verified_at, damaged_at = NULL
      RETURNING object`);
    // Another node inserted the same content between the two statements: its object is named, ours goes.
    if (object !== null && row?.object !== object) await objectRows(tx).giveUp(object, now);
  },

  /** Adds one reference to a blob that is there; false when it is not. */
  async retainKnown(cid: string): Promise<boolean> {
    return (await addReference(tx, cid)) !== undefined;
  },

  async release(cid: string, now: number): Promise<void> {
    await tx.run(
      sql`UPDATE blob SET refs = refs - 1, zero_at = CASE WHEN refs = 1 THEN CAST(${now} AS BIGINT) ELSE NULL END WHERE cid = ${cid}`,
    );
  },

  /** Those of the CIDs that are blobs kept as files. */
  filesAmong: (cids: readonly string[]): Promise<Set<string>> =>
    among(cids, (some) => tx.all(sql`SELECT cid FROM blob WHERE content IS NULL AND cid IN (${some}) ORDER BY cid LIMIT ${lookupSize}`)),

  /** Those of the CIDs that something names, whether or not they are blobs. It looks through all names: for a few that have no row. */
  namedAmong: (cids: readonly string[]): Promise<Set<string>> =>
    among(cids, (some) =>
      tx.all(sql`SELECT DISTINCT cid FROM (${references}) AS named WHERE cid IN (${some}) ORDER BY cid LIMIT ${lookupSize}`),
    ),

  /** Blobs that nothing has pointed at since `before`, longest first. */
  unreferenced(before: number, limit: number): Promise<{ cid: string; file: number }[]> {
    return tx.all(sql`SELECT cid, CASE WHEN content IS NULL THEN 1 ELSE 0 END AS file FROM blob
      WHERE refs = 0 AND zero_at <= ${before} ORDER BY zero_at, cid LIMIT ${limit}`);
  },

  /** Takes the row away if still nothing points at it; answers the key of its object, undefined when something does. */
  remove(cid: string, before: number): Promise<{ object: string | null } | undefined> {
    return tx.get(sql`DELETE FROM blob WHERE cid = ${cid} AND refs = 0 AND zero_at <= ${before} RETURNING object`);
  },

  /** Where large content is: the key of its object, null when its CID says it all; undefined when there is no such content. */
  object(cid: string): Promise<{ object: string | null; damaged_at: number | null } | undefined> {
    return tx.get(sql`SELECT object, damaged_at FROM blob WHERE cid = ${cid} AND content IS NULL`);
  },

  /** Any blob that is not in its row. */
  large(): Promise<{ cid: string } | undefined> {
    return tx.get(sql`SELECT cid FROM blob WHERE content IS NULL AND damaged_at IS NULL LIMIT 1`);
  },

  /** Looks at every blob: for a person who asks, not for every request. */
  async totals(): Promise<{ count: number; bytes: number }> {
    const row = await tx.get<{ count: number; bytes: number }>(
      sql`SELECT COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM blob`,
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  },

  async count(): Promise<number> {
    return (await tx.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM blob`))?.count ?? 0;
  },

  /** The CIDs of all blobs in order, from behind `after`: the index alone answers this. */
  cids(after: string, limit: number): Promise<{ cid: string }[]> {
    return tx.all(sql`SELECT cid FROM blob WHERE cid > ${after} ORDER BY cid LIMIT ${limit}`);
  },

  /** All blobs in the order of their CIDs, from behind `after`. */
  after(after: string, limit: number): Promise<{ cid: string; size: number; file: number; damaged_at: number | null }[]> {
    return tx.all(sql`SELECT cid, size, CASE WHEN content IS NULL THEN 1 ELSE 0 END AS file, damaged_at FROM blob
      WHERE cid > ${after} ORDER BY cid LIMIT ${limit}`);
  },

  /** Its bytes were read and are right. */
  async setVerified(cid: string, now: number): Promise<void> {
    await tx.run(sql`UPDATE blob SET verified_at = ${now}, damaged_at = NULL WHERE cid = ${cid}`);
  },

  async isDamaged(cid: string): Promise<boolean> {
    return (await tx.get(sql`SELECT cid FROM blob WHERE cid = ${cid} AND damaged_at IS NOT NULL`)) !== undefined;
  },

  /** Its bytes were read and are wrong, unless they were put in place anew since the row was read. */
  async setDamaged({ cid, verified_at }: StoredRow, now: number): Promise<boolean> {
    return (
      (await tx.run(sql`UPDATE blob SET damaged_at = ${now}
        WHERE cid = ${cid} AND damaged_at IS NULL AND COALESCE(verified_at, 0) = ${verified_at ?? 0}`)) > 0
    );
  },

  /** Blobs known to be damaged that something still names. */
  damaged(limit: number): Promise<{ cid: string; size: number; damaged_at: number }[]> {
    return tx.all(sql`SELECT cid, size, damaged_at FROM blob WHERE damaged_at IS NOT NULL AND refs > 0 ORDER BY cid LIMIT ${limit}`);
  },
});

async function among(cids: readonly string[], ask: (some: Statement) => Promise<{ cid: string }[]>): Promise<Set<string>> {
  const found = new Set<string>();
  await inLists(cids, async (some) => {
    for (const { cid } of await ask(some)) found.add(cid);
  });
  return found;
}

const addReference = (tx: Sql, cid: string) =>
  tx.get<{ object: string | null }>(sql`UPDATE blob SET refs = refs + 1, zero_at = NULL WHERE cid = ${cid} RETURNING object`);
