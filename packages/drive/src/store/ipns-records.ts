import { sql, type Sql } from '@freehold/database';

/** Signed records by name, the newest of each. */
export const ipnsRows = (tx: Sql) => ({
  get(name: string): Promise<{ drive: string; record: Uint8Array } | undefined> {
    return tx.get(sql`SELECT drive, record FROM ipns_record WHERE name = ${name}`);
  },

  async count(drive: string): Promise<number> {
    const row = await tx.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM ipns_record WHERE drive = ${drive}`);
    return row?.count ?? 0;
  },

  list(drive: string, { after, limit }: { after: string; limit: number }): Promise<{ name: string; record: Uint8Array }[]> {
    return tx.all(sql`SELECT name, record FROM ipns_record WHERE drive = ${drive} AND name > ${after} ORDER BY name LIMIT ${limit}`);
  },

  /** Keeps the drive of a record that is already there: a name is its key's, whoever carries its records here. */
  async put({ name, drive, record, now }: { name: string; drive: string; record: Uint8Array; now: number }): Promise<void> {
    await tx.run(sql`INSERT INTO ipns_record (name, drive, record, updated_at) VALUES (${name}, ${drive}, ${record}, ${now})
      ON CONFLICT (name) DO UPDATE SET record = excluded.record, updated_at = excluded.updated_at`);
  },

  async removeIn(drive: string): Promise<void> {
    await tx.run(sql`DELETE FROM ipns_record WHERE drive = ${drive}`);
  },

  async remove(drive: string, name: string): Promise<boolean> {
    return (await tx.run(sql`DELETE FROM ipns_record WHERE drive = ${drive} AND name = ${name}`)) > 0;
  },
});
