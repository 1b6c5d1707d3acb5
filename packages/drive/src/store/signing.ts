import { sql, type Sql } from '@freehold/database';

/** The key that signed links are made with, and the counters that end them. */
export const signingRows = (tx: Sql) => ({
  async secret(): Promise<Uint8Array | undefined> {
    return (await tx.get<{ secret: Uint8Array }>(sql`SELECT secret FROM signing_key WHERE id = 1`))?.secret;
  },

  /** Of several nodes that start at once, the first decides for all. */
  async putSecret(secret: Uint8Array): Promise<void> {
    await tx.run(sql`INSERT INTO signing_key (id, secret) VALUES (1, ${secret}) ON CONFLICT (id) DO NOTHING`);
  },

  async generation(account: string): Promise<number | undefined> {
    const row = await tx.get<{ link_generation: number }>(sql`SELECT link_generation FROM drive WHERE account = ${account}`);
    return row?.link_generation;
  },

  async endGeneration(account: string): Promise<void> {
    await tx.run(sql`UPDATE drive SET link_generation = link_generation + 1 WHERE account = ${account}`);
  },
});
