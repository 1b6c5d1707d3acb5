import { sql, type Database } from '@freehold/database';
import type { Address } from '@freehold/protocol';

export type SecretRow = { commitment: string; createdAt: number };

const listLimit = 1_000;

/** Sealed secrets of sellers, each node its own: another one could not open them. */
export function openSecretStore(database: Database, node: string) {
  return {
    put: ({ owner, commitment, sealed, now }: { owner: Address; commitment: string; sealed: Uint8Array; now: number }) =>
      database.transaction((tx) =>
        tx.run(sql`INSERT INTO offer_secret (owner, commitment, node, sealed, created_at) VALUES (${owner}, ${commitment}, ${node}, ${sealed}, ${now})
          ON CONFLICT (owner, commitment, node) DO UPDATE SET sealed = ${sealed}`),
      ),

    async get(owner: Address, commitment: string): Promise<Uint8Array | undefined> {
      const row = await database.read.get<{ sealed: Uint8Array }>(
        sql`SELECT sealed FROM offer_secret WHERE owner = ${owner} AND commitment = ${commitment} AND node = ${node}`,
      );
      return row?.sealed;
    },

    async list(owner: Address): Promise<SecretRow[]> {
      const rows = await database.read.all<{ commitment: string; created_at: number }>(
        sql`SELECT commitment, created_at FROM offer_secret WHERE owner = ${owner} AND node = ${node} ORDER BY created_at DESC, commitment LIMIT ${listLimit}`,
      );
      return rows.map(({ commitment, created_at }) => ({ commitment, createdAt: created_at }));
    },

    /** Answers how many there were. */
    remove: async (owner: Address, commitment: string): Promise<void> => {
      await database.transaction((tx) =>
        tx.run(sql`DELETE FROM offer_secret WHERE owner = ${owner} AND commitment = ${commitment} AND node = ${node}`),
      );
    },
  };
}

export type SecretStore = ReturnType<typeof openSecretStore>;
