import { sql, type Sql } from '@freehold/database';
import { blobRows } from './blobs.ts';

export type PublicationKind = 'file' | 'folder' | 'car';
export type PublicationRow = {
  id: string;
  entry: string;
  name: string;
  kind: PublicationKind;
  root: string;
  size: number;
  files: number;
  created_at: number;
};
export type BlockRow = { hash: Uint8Array; length: number } & (
  | { blob: string; start: number; content?: undefined }
  | { blob?: undefined; content: Uint8Array }
);

const columns = sql`id, entry, name, kind, root, size, files, created_at`;

/** The publications of one drive. */
export const publicationRows = (tx: Sql, drive: string) => ({
  /** Live ones in the order of their ids, which is that of their making. */
  list({ after, limit }: { after: string; limit: number }): Promise<PublicationRow[]> {
    return tx.all(sql`SELECT ${columns} FROM publication WHERE drive = ${drive} AND live = 1 AND id > ${after} ORDER BY id LIMIT ${limit}`);
  },

  get(id: string): Promise<PublicationRow | undefined> {
    return tx.get(sql`SELECT ${columns} FROM publication WHERE drive = ${drive} AND live = 1 AND id = ${id}`);
  },

  /** Live ones of one entry; in practice at most one. */
  ofEntry(entry: string): Promise<PublicationRow[]> {
    return tx.all(sql`SELECT ${columns} FROM publication WHERE drive = ${drive} AND live = 1 AND entry = ${entry} ORDER BY id LIMIT 100`);
  },

  /** Bytes that the drive's publications hold, those under way included; those being taken apart, and of an entry about to be published anew, not. */
  async held({ entry, except }: { entry: string; except: string }): Promise<number> {
    const row = await tx.get<{ bytes: number }>(sql`SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM publication
      WHERE drive = ${drive} AND entry <> ${entry} AND id <> ${except} AND touched_at > 0`);
    return row?.bytes ?? 0;
  },

  /** Begins one that nobody sees yet. */
  async begin({
    id,
    entry,
    name,
    kind,
    now,
  }: {
    id: string;
    entry: string;
    name: string;
    kind: PublicationKind;
    now: number;
  }): Promise<void> {
    await tx.run(sql`INSERT INTO publication (id, drive, entry, name, kind, root, size, files, live, touched_at, created_at)
      VALUES (${id}, ${drive}, ${entry}, ${name}, ${kind}, ${''}, 0, 0, 0, ${now}, ${now})`);
  },

  /** Says how much one holds so far. False when it was taken apart meanwhile. */
  async measure(id: string, { size, files, now }: { size: number; files: number; now: number }): Promise<boolean> {
    const found = await tx.run(sql`UPDATE publication SET size = ${size}, files = ${files}, touched_at = ${now}
      WHERE drive = ${drive} AND id = ${id} AND live = 0`);
    return found > 0;
  },

  async setLive(id: string, root: string): Promise<void> {
    await tx.run(sql`UPDATE publication SET live = 1, root = ${root} WHERE drive = ${drive} AND id = ${id}`);
  },

  /** Out of everybody's sight at once; the rows are removed afterwards. */
  async retireAll(): Promise<void> {
    await tx.run(sql`UPDATE publication SET live = 0, touched_at = 0 WHERE drive = ${drive} AND live = 1`);
  },

  /** The same with one of them. False when there is no such live one. */
  async retire(id: string): Promise<boolean> {
    return (await tx.run(sql`UPDATE publication SET live = 0, touched_at = 0 WHERE drive = ${drive} AND id = ${id} AND live = 1`)) > 0;
  },
});

/** The rows of publications whatever their drive. */
export const snapshotRows = (tx: Sql) => ({
  /** True when the content was not kept by this publication before. */
  async pin(publication: string, cid: string): Promise<boolean> {
    const added = await tx.run(
      sql`INSERT INTO pinned (publication, cid) VALUES (${publication}, ${cid}) ON CONFLICT (publication, cid) DO NOTHING`,
    );
    if (added > 0) await blobRows(tx).retainKnown(cid);
    return added > 0;
  },

  /** Says that somebody still works with it. */
  async touch(id: string, now: number): Promise<void> {
    await tx.run(sql`UPDATE publication SET touched_at = ${now} WHERE id = ${id} AND live = 0`);
  },

  async addBlock(publication: string, { hash, length, ...block }: BlockRow): Promise<void> {
    const [blob, start, content] = block.blob === undefined ? [null, 0, block.content] : [block.blob, block.start, null];
    await tx.run(sql`INSERT INTO block (hash, publication, blob, start, length, content)
      VALUES (${hash}, ${publication}, ${blob}, ${start}, ${length}, ${content}) ON CONFLICT (hash, publication) DO NOTHING`);
  },

  /** Unfinished ones that nobody has worked on since `before`. */
  abandoned(before: number, limit: number): Promise<{ id: string }[]> {
    return tx.all(sql`SELECT id FROM publication WHERE live = 0 AND touched_at < ${before} ORDER BY touched_at, id LIMIT ${limit}`);
  },

  /** Takes apart a slice of one that is not live; true while something is left of it. */
  async dismantle(id: string, { slice, now }: { slice: number; now: number }): Promise<boolean> {
    const blocks = await tx.run(sql`DELETE FROM block WHERE publication = ${id} AND hash IN (
      SELECT block.hash FROM block JOIN publication ON publication.id = block.publication
      WHERE block.publication = ${id} AND publication.live = 0 LIMIT ${slice})`);
    if (blocks > 0) return true;
    const pinned = await tx.all<{ cid: string }>(sql`SELECT pinned.cid FROM pinned JOIN publication ON publication.id = pinned.publication
      WHERE pinned.publication = ${id} AND publication.live = 0 ORDER BY pinned.cid LIMIT ${slice}`);
    for (const { cid } of pinned) {
      await tx.run(sql`DELETE FROM pinned WHERE publication = ${id} AND cid = ${cid}`);
      await blobRows(tx).release(cid, now);
    }
    if (pinned.length > 0) return true;
    await tx.run(sql`DELETE FROM publication WHERE id = ${id} AND live = 0`);
    return false;
  },
});

export type FoundBlock = { blob: string | null; blob_size: number | null; start: number; length: number; content: Uint8Array | null };

/** Blocks by their SHA-256 digest. `publication`: only those of one; else of all that are live, and no others. */
export const blockRows = (tx: Sql, publication?: string) => ({
  find(hash: Uint8Array): Promise<FoundBlock | undefined> {
    const where = publication === undefined ? sql`publication.live = 1` : sql`publication.id = ${publication}`;
    return tx.get(sql`SELECT block.blob, blob.size AS blob_size, block.start, block.length, block.content
      FROM block JOIN publication ON publication.id = block.publication LEFT JOIN blob ON blob.cid = block.blob
      WHERE block.hash = ${hash} AND ${where} LIMIT 1`);
  },
});
