import { sql, type Sql, type Statement } from '@freehold/database';

export type KeyValueRow = { value: string; bytes: number; private: number; expires_at: number | null };
export type KeyRow = { key: string; bytes: number };

export type KeyRange = {
  from: string;
  below: string | undefined;
  /** Only keys behind this one, in the direction of the list. */
  after: string | undefined;
  reverse: boolean;
  now: number;
  /** For another app than the one they belong to: private entries do not exist. */
  foreign: boolean;
};

const orTrue = (condition: Statement | false) => condition || sql`1 = 1`;

/** The entries of one namespace of one account. An entry that has expired is there until it is swept, and nothing answers it. */
export const keyValueRows = (tx: Sql, { account, namespace }: { account: string; namespace: string }) => {
  const within = ({ from, below, after, reverse, now, foreign }: KeyRange) => sql`account = ${account} AND namespace = ${namespace}
    AND key >= ${from} AND ${orTrue(below !== undefined && sql`key < ${below}`)}
    AND ${orTrue(after !== undefined && (reverse ? sql`key < ${after}` : sql`key > ${after}`))}
    AND (expires_at IS NULL OR expires_at > ${now}) AND ${orTrue(foreign && sql`private = 0`)}`;

  return {
    /** Expired or not. */
    find(key: string): Promise<KeyValueRow | undefined> {
      return tx.get(
        sql`SELECT value, bytes, private, expires_at FROM keyvalue WHERE account = ${account} AND namespace = ${namespace} AND key = ${key}`,
      );
    },

    async put(key: string, row: KeyValueRow): Promise<void> {
      await tx.run(
        sql`INSERT INTO keyvalue (account, namespace, key, value, bytes, private, expires_at)
          VALUES (${account}, ${namespace}, ${key}, ${row.value}, ${row.bytes}, ${row.private}, ${row.expires_at})
          ON CONFLICT (account, namespace, key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes, private = excluded.private,
            expires_at = excluded.expires_at`,
      );
    },

    async delete(key: string): Promise<void> {
      await tx.run(sql`DELETE FROM keyvalue WHERE account = ${account} AND namespace = ${namespace} AND key = ${key}`);
    },

    keys(range: KeyRange, { limit, offset }: { limit: number; offset: number }): Promise<KeyRow[]> {
      const order = range.reverse ? sql`key DESC` : sql`key`;
      return tx.all(sql`SELECT key, bytes FROM keyvalue WHERE ${within(range)} ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}`);
    },

    /** From one key to another, both included, in the order of the list. */
    entries(
      { first, last, ...range }: Pick<KeyRange, 'reverse' | 'now' | 'foreign'> & { first: string; last: string },
      limit: number,
    ): Promise<{ key: string; value: string }[]> {
      const [from, through] = range.reverse ? [last, first] : [first, last];
      const order = range.reverse ? sql`key DESC` : sql`key`;
      return tx.all(sql`SELECT key, value FROM keyvalue
        WHERE ${within({ ...range, from, below: undefined, after: undefined })} AND key <= ${through} ORDER BY ${order} LIMIT ${limit}`);
    },

    async count(range: KeyRange): Promise<number> {
      const row = await tx.get<{ count: number }>(sql`SELECT count(*) AS count FROM keyvalue WHERE ${within(range)}`);
      return row?.count ?? 0;
    },

    /** Deletes some of the namespace; answers the bytes of each. */
    deleteSome(limit: number): Promise<{ bytes: number }[]> {
      return tx.all(
        sql`DELETE FROM keyvalue WHERE account = ${account} AND namespace = ${namespace} AND key IN
          (SELECT key FROM keyvalue WHERE account = ${account} AND namespace = ${namespace} ORDER BY key LIMIT ${limit}) RETURNING bytes`,
      );
    },
  };
};

/** What each account stores, in bytes, whatever the namespace. */
export const keyValueUsage = (tx: Sql) => ({
  async read(account: string): Promise<number> {
    const row = await tx.get<{ bytes: number }>(sql`SELECT bytes FROM keyvalue_usage WHERE account = ${account}`);
    return row?.bytes ?? 0;
  },

  /** False when it would be more than the limit; a decrease always passes. */
  async add(account: string, bytes: number, limit: number): Promise<boolean> {
    const change = () =>
      tx.run(
        sql`UPDATE keyvalue_usage SET bytes = bytes + CAST(${bytes} AS BIGINT)
          WHERE account = ${account} AND (CAST(${bytes} AS BIGINT) <= 0 OR bytes + CAST(${bytes} AS BIGINT) <= CAST(${limit} AS BIGINT))`,
      );
    if ((await change()) > 0) return true;
    await tx.run(sql`INSERT INTO keyvalue_usage (account, bytes) VALUES (${account}, 0) ON CONFLICT (account) DO NOTHING`);
    return (await change()) > 0;
  },

  /** Deletes some entries that have expired; answers whose they were. */
  deleteExpired(now: number, limit: number): Promise<{ account: string; bytes: number }[]> {
    return tx.all(
      sql`DELETE FROM keyvalue WHERE (account, namespace, key) IN
        (SELECT account, namespace, key FROM keyvalue WHERE expires_at IS NOT NULL AND expires_at <= ${now} ORDER BY expires_at LIMIT ${limit})
        RETURNING account, bytes`,
    );
  },
});
