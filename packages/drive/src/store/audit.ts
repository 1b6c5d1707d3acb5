import { sql, type Sql } from '@freehold/database';
import { holdings, references } from './references.ts';

export type Named = { id: string; drive: string; name: string };

/** What the audit asks: rows that contradict each other. Every question looks at whole tables, so none is for a request. */
export const auditRows = (tx: Sql) => ({
  /** SQLite's own check of its pages and indexes; "ok" when all is well. */
  async integrity(limit: number): Promise<string[]> {
    // FTS5 keeps in mind where the parts of an index are. A question renews that, the check does not: it would look for parts that are gone.
    await tx.all(sql`SELECT rowid FROM name_gram WHERE rowid = 0 LIMIT 1`);
    await tx.all(sql`SELECT rowid FROM content_word WHERE rowid = 0 LIMIT 1`);
    const rows = await tx.all<Record<string, unknown>>({ text: [`PRAGMA integrity_check(${limit})`], values: [] });
    return rows.flatMap((row) => Object.values(row).map(String));
  },

  foreignKeys(): Promise<{ table: string; parent: string; violations: number }[]> {
    return tx.all(
      sql`SELECT "table", parent, COUNT(*) AS violations FROM pragma_foreign_key_check GROUP BY "table", parent ORDER BY "table" LIMIT 100`,
    );
  },

  async rebuildIndexes(): Promise<void> {
    await tx.run(sql`REINDEX`);
  },

  /** SQLite: names that the index of the search has not, and such as it has for nothing. */
  async searchDrift(): Promise<{ missing: number; stray: number }> {
    const row = await tx.get<{ missing: number; stray: number }>(sql`SELECT
      (SELECT COUNT(*) FROM entry WHERE folded IS NOT NULL AND trashed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM name_gram_docsize WHERE id = number)) AS missing,
      (SELECT COUNT(*) FROM name_gram_docsize
        WHERE NOT EXISTS (SELECT 1 FROM entry WHERE number = name_gram_docsize.id AND folded IS NOT NULL AND trashed_at IS NULL)) +
      (SELECT COUNT(*) FROM content_word_docsize WHERE NOT EXISTS (SELECT 1 FROM entry WHERE number = content_word_docsize.id)) AS stray`);
    return row ?? { missing: 0, stray: 0 };
  },

  /** SQLite: empties the indexes of the search; names are to be folded again, and content to be looked at. */
  async emptySearch(): Promise<void> {
    await tx.run(sql`INSERT INTO name_gram (name_gram) VALUES ('delete-all')`);
    await tx.run(sql`INSERT INTO content_word (content_word) VALUES ('delete-all')`);
    await tx.run(sql`UPDATE entry SET folded = NULL`);
    await tx.run(sql`INSERT INTO underived (number, drive, due_at) SELECT number, drive, 0 FROM entry WHERE cid IS NOT NULL
      ON CONFLICT (number) DO UPDATE SET due_at = 0`);
  },

  drives(after: string, limit: number): Promise<{ id: string; account: string; root: string }[]> {
    return tx.all(sql`SELECT id, account, root FROM drive WHERE id > ${after} ORDER BY id LIMIT ${limit}`);
  },

  drive(id: string): Promise<{ id: string; account: string; root: string } | undefined> {
    return tx.get(sql`SELECT id, account, root FROM drive WHERE id = ${id}`);
  },

  /** Drives whose root is missing, in the trash, or not their own folder. */
  rootless(limit: number): Promise<{ id: string; root: string; found: string | null }[]> {
    return tx.all(sql`SELECT drive.id, drive.root, entry.id AS found FROM drive LEFT JOIN entry ON entry.id = drive.root
      WHERE entry.id IS NULL OR entry.trashed_at IS NOT NULL OR entry.drive <> drive.id OR entry.parent IS NOT NULL OR entry.kind <> 'folder'
      ORDER BY drive.id LIMIT ${limit}`);
  },

  /** Live entries that no way leads to: their folder is missing, a file, or in another drive. What is still to be deleted is not among them. */
  unreachable(limit: number): Promise<(Named & { parent: string | null; found: string | null; foreign: number })[]> {
    return tx.all(sql`SELECT entry.id, entry.drive, entry.name, entry.parent, above.kind AS found,
        CASE WHEN above.drive <> entry.drive THEN 1 ELSE 0 END AS "foreign"
      FROM entry LEFT JOIN entry AS above ON above.id = entry.parent
      WHERE entry.trashed_at IS NULL AND (above.id IS NULL OR above.drive <> entry.drive OR above.kind <> 'folder')
        AND NOT EXISTS (SELECT 1 FROM drive WHERE drive.root = entry.id)
        AND NOT EXISTS (SELECT 1 FROM doomed WHERE doomed.folder = entry.parent)
      ORDER BY entry.id LIMIT ${limit}`);
  },

  /** Folders that lie, in the end, in themselves, and folders below those: a walk down from everything that has a top does not meet them. */
  circling(limit: number): Promise<(Named & { parent: string })[]> {
    return tx.all(sql`WITH RECURSIVE reached (id, drive) AS (
        SELECT entry.id, entry.drive FROM entry LEFT JOIN entry AS above ON above.id = entry.parent
        WHERE entry.kind = 'folder' AND (entry.trashed_at IS NOT NULL OR above.id IS NULL OR above.drive <> entry.drive OR above.kind <> 'folder')
        UNION
        SELECT entry.id, entry.drive FROM reached JOIN entry
          ON entry.drive = reached.drive AND entry.parent = reached.id AND entry.trashed_at IS NULL AND entry.kind = 'folder'
      ) SELECT id, drive, name, parent FROM entry WHERE kind = 'folder' AND id NOT IN (SELECT id FROM reached) ORDER BY id LIMIT ${limit}`);
  },

  /** Names that several live entries of one folder have; `last` is the youngest of them. */
  duplicates(limit: number): Promise<{ drive: string; parent: string; name: string; count: number; last: string }[]> {
    return tx.all(sql`SELECT drive, parent, name_key AS name, COUNT(*) AS count, MAX(id) AS last FROM entry
      WHERE trashed_at IS NULL AND parent IS NOT NULL GROUP BY drive, parent, name_key HAVING COUNT(*) > 1 ORDER BY drive, parent, name_key LIMIT ${limit}`);
  },

  names(after: string, limit: number): Promise<(Named & { name_key: string })[]> {
    return tx.all(sql`SELECT id, drive, name, name_key FROM entry WHERE id > ${after} ORDER BY id LIMIT ${limit}`);
  },

  /** Content that something names but that has no row. */
  dangling(limit: number): Promise<{ cid: string; names: number }[]> {
    return tx.all(sql`SELECT named.cid, COUNT(*) AS names FROM (${references}) AS named
      WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = named.cid) GROUP BY named.cid ORDER BY named.cid LIMIT ${limit}`);
  },

  /** The size that an entry or a version gives to content. */
  async sizeOf(cid: string): Promise<number> {
    const row = await tx.get<{ size: number }>(
      sql`SELECT size FROM (SELECT size FROM entry WHERE cid = ${cid} UNION SELECT size FROM version WHERE cid = ${cid}) AS sizes ORDER BY size DESC LIMIT 1`,
    );
    return row?.size ?? 0;
  },

  /** Entries and versions whose size is not that of their content. */
  missized(limit: number): Promise<{ id: string; number: number; size: number; stored: number }[]> {
    return tx.all(sql`SELECT entry.id, 0 AS number, entry.size, blob.size AS stored FROM entry JOIN blob ON blob.cid = entry.cid WHERE blob.size <> entry.size
      UNION ALL SELECT version.entry, version.number, version.size, blob.size FROM version JOIN blob ON blob.cid = version.cid WHERE blob.size <> version.size
      ORDER BY 1, 2 LIMIT ${limit}`);
  },

  async setSize(id: string, number: number, size: number): Promise<void> {
    await tx.run(
      number === 0
        ? sql`UPDATE entry SET size = ${size} WHERE id = ${id}`
        : sql`UPDATE version SET size = ${size} WHERE entry = ${id} AND number = ${number}`,
    );
  },

  /** Versions of what is no file, or of a file of another drive (`owner`). */
  strayVersions(limit: number): Promise<{ entry: string; number: number; drive: string; owner: string | null }[]> {
    return tx.all(sql`SELECT version.entry, version.number, version.drive, CASE WHEN entry.kind = 'file' THEN entry.drive ELSE NULL END AS owner
      FROM version LEFT JOIN entry ON entry.id = version.entry
      WHERE entry.id IS NULL OR entry.kind <> 'file' OR entry.drive <> version.drive ORDER BY version.entry, version.number LIMIT ${limit}`);
  },

  async setVersionDrive(entry: string, number: number, drive: string): Promise<void> {
    await tx.run(sql`UPDATE version SET drive = ${drive} WHERE entry = ${entry} AND number = ${number}`);
  },

  /** Folders whose contents are to be deleted; `alive` when the folder itself is still there, which must not be. */
  doomed(limit: number): Promise<{ folder: string; drive: string; alive: number }[]> {
    return tx.all(sql`SELECT doomed.folder, doomed.drive, CASE WHEN entry.id IS NULL THEN 0 ELSE 1 END AS alive
      FROM doomed LEFT JOIN entry ON entry.id = doomed.folder ORDER BY doomed.folder LIMIT ${limit}`);
  },

  async undoom(folder: string): Promise<void> {
    await tx.run(sql`DELETE FROM doomed WHERE folder = ${folder}`);
  },

  /** Drives whose changes have a gap, or do not end with the number counted last. */
  brokenFeeds(limit: number): Promise<{ id: string; seq: number; first: number; last: number; count: number }[]> {
    return tx.all(sql`SELECT drive.id, drive.seq, MIN(change.seq) AS first, MAX(change.seq) AS last, COUNT(*) AS count
      FROM drive JOIN change ON change.drive = drive.id GROUP BY drive.id, drive.seq
      HAVING MAX(change.seq) <> drive.seq OR COUNT(*) <> MAX(change.seq) - MIN(change.seq) + 1 ORDER BY drive.id LIMIT ${limit}`);
  },

  /** Forgets the changes of a drive, and counts on behind them: whoever follows it lists anew. */
  async restartFeed(drive: string): Promise<void> {
    await tx.run(sql`UPDATE drive SET seq = 1 + CASE
        WHEN seq >= (SELECT COALESCE(MAX(seq), 0) FROM change WHERE drive = ${drive}) THEN seq
        ELSE (SELECT COALESCE(MAX(seq), 0) FROM change WHERE drive = ${drive}) END WHERE id = ${drive}`);
    await tx.run(sql`DELETE FROM change WHERE drive = ${drive}`);
  },

  /** Drives whose bytes, counted anew, are not as many as they say. */
  miscountedDrives(limit: number): Promise<{ id: string; used: number; counted: number }[]> {
    return tx.all(sql`SELECT drive.id, drive.used, CAST(COALESCE(held.counted, 0) AS BIGINT) AS counted
      FROM drive LEFT JOIN (SELECT drive, SUM(size) AS counted FROM (${holdings}) AS sizes GROUP BY drive) AS held ON held.drive = drive.id
      WHERE drive.used <> COALESCE(held.counted, 0) ORDER BY drive.id LIMIT ${limit}`);
  },

  async recountDrive(id: string): Promise<void> {
    await tx.run(
      sql`UPDATE drive SET used = (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (${holdings}) AS sizes WHERE sizes.drive = ${id}) WHERE id = ${id}`,
    );
  },

  /** Blobs whose references, counted anew, are not as many as they say. */
  miscountedBlobs(limit: number): Promise<{ cid: string; refs: number; counted: number }[]> {
    return tx.all(sql`SELECT blob.cid, blob.refs, COALESCE(naming.counted, 0) AS counted
      FROM blob LEFT JOIN (SELECT cid, COUNT(*) AS counted FROM (${references}) AS named GROUP BY cid) AS naming ON naming.cid = blob.cid
      WHERE blob.refs <> COALESCE(naming.counted, 0) ORDER BY blob.cid LIMIT ${limit}`);
  },

  async recountBlob(cid: string): Promise<void> {
    await tx.run(sql`UPDATE blob SET refs = (SELECT COUNT(*) FROM (${references}) AS named WHERE named.cid = ${cid}) WHERE cid = ${cid}`);
  },

  /** Blobs that nothing names but that would never be collected, and blobs in use that are marked as unused. */
  misdated(limit: number): Promise<{ cid: string; refs: number }[]> {
    return tx.all(sql`SELECT cid, refs FROM blob WHERE (refs = 0) <> (zero_at IS NOT NULL) ORDER BY cid LIMIT ${limit}`);
  },

  async redate(cid: string, now: number): Promise<void> {
    await tx.run(sql`UPDATE blob SET zero_at = CASE WHEN refs = 0 THEN CAST(${now} AS BIGINT) ELSE NULL END WHERE cid = ${cid}`);
  },

  /** A few of the files and versions that name a blob. */
  namesOf(cid: string, limit: number): Promise<Named[]> {
    return tx.all(sql`SELECT id, drive, name FROM entry WHERE cid = ${cid}
      UNION SELECT entry.id, entry.drive, entry.name FROM version JOIN entry ON entry.id = version.entry WHERE version.cid = ${cid} ORDER BY 1 LIMIT ${limit}`);
  },

  /** A row for content that something names but that had none. Nothing is counted yet. */
  async insertBlob(
    { cid, size, leaves, damaged }: { cid: string; size: number; leaves: Uint8Array | null; damaged: boolean },
    now: number,
  ): Promise<void> {
    await tx.run(sql`INSERT INTO blob (cid, size, leaves, content, refs, zero_at, verified_at, damaged_at)
      VALUES (${cid}, ${size}, ${leaves}, NULL, 0, ${now}, ${now}, ${damaged ? now : null}) ON CONFLICT (cid) DO NOTHING`);
  },
});
