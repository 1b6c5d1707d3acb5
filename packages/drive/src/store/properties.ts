import { sql, type Sql } from '@freehold/database';
import { inLists, listOf } from './list.ts';

export type PropertyRow = { namespace: string; name: string; value: string };

/** How many entries one lookup takes; always filled up to that, so that there is one statement to prepare. */
export const propertyLookup = 64;

/** Properties that clients keep with entries, by name in a namespace. */
export const propertyRows = (tx: Sql, drive: string) => ({
  /** Of at most `propertyLookup` entries. */
  ofAll(entries: readonly string[], limit: number): Promise<(PropertyRow & { entry: string })[]> {
    const filled = Array.from({ length: propertyLookup }, (_, index) => entries[index] ?? '');
    return tx.all(sql`SELECT entry, namespace, name, value FROM property
      WHERE drive = ${drive} AND entry IN (${listOf(filled)}) ORDER BY entry, namespace, name LIMIT ${limit}`);
  },

  /** How many an entry has, and the characters in them. */
  async weight(entry: string): Promise<{ count: number; characters: number }> {
    const row = await tx.get<{ count: number; characters: number }>(sql`SELECT COUNT(*) AS count,
      CAST(COALESCE(SUM(LENGTH(namespace) + LENGTH(name) + LENGTH(value)), 0) AS BIGINT) AS characters
      FROM property WHERE drive = ${drive} AND entry = ${entry}`);
    return { count: row?.count ?? 0, characters: row?.characters ?? 0 };
  },

  async set(entry: string, { namespace, name, value }: PropertyRow): Promise<void> {
    await tx.run(sql`INSERT INTO property (entry, namespace, name, drive, value) VALUES (${entry}, ${namespace}, ${name}, ${drive}, ${value})
      ON CONFLICT (entry, namespace, name) DO UPDATE SET value = excluded.value`);
  },

  async remove(entry: string, { namespace, name }: { namespace: string; name: string }): Promise<void> {
    await tx.run(sql`DELETE FROM property WHERE drive = ${drive} AND entry = ${entry} AND namespace = ${namespace} AND name = ${name}`);
  },

  /** With entries go their properties. */
  async removeOf(entries: readonly string[]): Promise<void> {
    await inLists(entries, (some) => tx.run(sql`DELETE FROM property WHERE drive = ${drive} AND entry IN (${some})`));
  },

  /** Gives a copy, which has none yet, what the original has; that may lie in another drive, and whoever copies it may read it. */
  async copy({ from, to }: { from: string; to: string }): Promise<void> {
    await tx.run(sql`INSERT INTO property (entry, namespace, name, drive, value)
      SELECT CAST(${to} AS TEXT), namespace, name, CAST(${drive} AS TEXT), value FROM property WHERE entry = ${from}`);
  },
});
