import { sql, type Database } from '@freehold/database';

/** Keys that all nodes of a database share; each is made once, by whichever needs it first. */
export function openKeyStore(database: Database) {
  return {
    keyFor: (purpose: string, fresh: Uint8Array): Promise<Buffer> =>
      database.transaction(async (tx) => {
        await tx.run(sql`INSERT INTO compute_key (purpose, key) VALUES (${purpose}, ${fresh}) ON CONFLICT (purpose) DO NOTHING`);
        const row = await tx.get<{ key: Uint8Array }>(sql`SELECT key FROM compute_key WHERE purpose = ${purpose}`);
        return Buffer.from(row?.key ?? fresh);
      }),
  };
}
