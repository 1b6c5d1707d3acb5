import { sql, type Sql } from '@freehold/database';

export type UploadRow = {
  id: string;
  drive: string;
  creator: string;
  app: string | null;
  parent: string;
  name: string;
  size: number;
  media_type: string;
  on_conflict: 'fail' | 'replace' | 'rename';
  part_size: number;
  fingerprint: string | null;
  created_at: number;
  expires_at: number;
};
export type PartRow = { number: number; digests: Uint8Array; content: Uint8Array | null };
type Place = Pick<UploadRow, 'creator' | 'app' | 'parent' | 'name' | 'size' | 'fingerprint'>;

const columns = sql`upload.id, upload.drive, creator, upload.app, parent, name, size, media_type, on_conflict, part_size, fingerprint,
  upload.created_at, expires_at`;

/** Uploads on their way into one drive. */
export const uploadRows = (tx: Sql, drive: string) => ({
  async insert(row: Omit<UploadRow, 'drive'>): Promise<void> {
    await tx.run(sql`INSERT INTO upload (id, drive, creator, app, parent, name, size, media_type, on_conflict, part_size, fingerprint,
      created_at, expires_at) VALUES (${row.id}, ${drive}, ${row.creator}, ${row.app}, ${row.parent}, ${row.name}, ${row.size},
      ${row.media_type}, ${row.on_conflict}, ${row.part_size}, ${row.fingerprint}, ${row.created_at}, ${row.expires_at})`);
  },

  /** The same file on its way to the same place, begun earlier by the same one. */
  same({ creator, app, parent, name, size, fingerprint }: Place, now: number): Promise<{ id: string } | undefined> {
    return tx.get(sql`SELECT id FROM upload WHERE drive = ${drive} AND parent = ${parent} AND fingerprint = ${fingerprint}
      AND creator = ${creator} AND COALESCE(app, '') = COALESCE(CAST(${app} AS TEXT), '') AND name = ${name} AND size = ${size}
      AND expires_at > ${now} ORDER BY created_at DESC, id DESC LIMIT 1`);
  },

  /** How many are under way, and how many bytes they announced. */
  async pending(now: number): Promise<{ count: number; bytes: number }> {
    const row = await tx.get<{ count: number; bytes: number }>(
      sql`SELECT COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM upload WHERE drive = ${drive} AND expires_at > ${now}`,
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  },

  /** Takes the upload away with its parts; false when it was gone. */
  async remove(id: string): Promise<boolean> {
    return (await tx.run(sql`DELETE FROM upload WHERE drive = ${drive} AND id = ${id}`)) > 0;
  },
});

/** Uploads by their ids, whatever the drive: who may use one is decided above. */
export const uploadIndex = (tx: Sql) => ({
  /** With the account whose drive it goes to. */
  get(id: string): Promise<(UploadRow & { owner: string }) | undefined> {
    return tx.get(sql`SELECT ${columns}, drive.account AS owner FROM upload JOIN drive ON drive.id = upload.drive WHERE upload.id = ${id}`);
  },

  /** False when the upload was gone. */
  async extend(id: string, expiresAt: number): Promise<boolean> {
    return (await tx.run(sql`UPDATE upload SET expires_at = ${expiresAt} WHERE id = ${id}`)) > 0;
  },

  /** Those that an account began, wherever they go: the next sweep takes them away. */
  async endOf(creator: string): Promise<void> {
    await tx.run(sql`UPDATE upload SET expires_at = 0 WHERE creator = ${creator}`);
  },

  expired(now: number, limit: number): Promise<{ id: string }[]> {
    return tx.all(sql`SELECT id FROM upload WHERE expires_at <= ${now} ORDER BY expires_at, id LIMIT ${limit}`);
  },

  /** The parts that have arrived. An upload has at most as many as it was planned with. */
  parts(id: string): Promise<PartRow[]> {
    return tx.all(sql`SELECT number, digests, content FROM upload_part WHERE upload = ${id} ORDER BY number LIMIT 100000`);
  },

  partNumbers(id: string): Promise<{ number: number }[]> {
    return tx.all(sql`SELECT number FROM upload_part WHERE upload = ${id} ORDER BY number LIMIT 100000`);
  },

  async putPart(id: string, { number, digests, content }: PartRow): Promise<void> {
    await tx.run(sql`INSERT INTO upload_part (upload, number, digests, content) VALUES (${id}, ${number}, ${digests}, ${content})
      ON CONFLICT (upload, number) DO UPDATE SET digests = excluded.digests, content = excluded.content`);
  },

  async removePart(id: string, number: number): Promise<void> {
    await tx.run(sql`DELETE FROM upload_part WHERE upload = ${id} AND number = ${number}`);
  },
});
