import { sql, type Sql } from '@freehold/database';
import { inLists } from './list.ts';
import type { After } from './shares.ts';

export type LinkRow = {
  id: string;
  drive: string;
  entry: string;
  token: string;
  label: string;
  salt: Uint8Array | null;
  password: Uint8Array | null;
  expires_at: number | null;
  created_at: number;
};

const columns = sql`id, drive, entry, token, label, salt, password, expires_at, created_at`;

/** Public links. */
export const linkRows = (tx: Sql) => ({
  async insert(row: LinkRow): Promise<void> {
    await tx.run(sql`INSERT INTO link (${columns}) VALUES (${row.id}, ${row.drive}, ${row.entry}, ${row.token}, ${row.label}, ${row.salt},
      ${row.password}, ${row.expires_at}, ${row.created_at})`);
  },

  byToken(token: string): Promise<(LinkRow & { owner: string }) | undefined> {
    return tx.get(sql`SELECT link.id, link.drive, link.entry, link.token, link.label, link.salt, link.password, link.expires_at, link.created_at,
      drive.account AS owner FROM link JOIN drive ON drive.id = link.drive WHERE link.token = ${token}`);
  },

  /** Of one drive, oldest first. */
  list(drive: string, { at, id }: After, limit: number): Promise<LinkRow[]> {
    return tx.all(
      sql`SELECT ${columns} FROM link WHERE drive = ${drive} AND (created_at, id) > (${at}, ${id}) ORDER BY created_at, id LIMIT ${limit}`,
    );
  },

  of(entry: string, limit: number): Promise<LinkRow[]> {
    return tx.all(sql`SELECT ${columns} FROM link WHERE entry = ${entry} ORDER BY created_at, id LIMIT ${limit}`);
  },

  get(id: string): Promise<LinkRow | undefined> {
    return tx.get(sql`SELECT ${columns} FROM link WHERE id = ${id}`);
  },

  async remove(id: string): Promise<void> {
    await tx.run(sql`DELETE FROM link WHERE id = ${id}`);
  },

  async removeIn(drive: string): Promise<void> {
    await tx.run(sql`DELETE FROM link WHERE drive = ${drive}`);
  },

  /** With entries go their links. */
  async removeOf(entries: readonly string[]): Promise<void> {
    await inLists(entries, (some) => tx.run(sql`DELETE FROM link WHERE entry IN (${some})`));
  },
});
