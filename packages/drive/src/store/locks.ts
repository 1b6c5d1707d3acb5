import { sql, type Sql } from '@freehold/database';

export type LockRow = {
  token: string;
  /** "/a/b" in name keys; "" for the root. */
  path: string;
  infinite: number;
  exclusive: number;
  owner: string;
  principal: string;
  /** Milliseconds that it was granted for. */
  timeout: number;
  expires_at: number;
};

const columns = sql`token, path, infinite, exclusive, owner, principal, timeout, expires_at`;

/** The write locks on places of one drive. */
export const lockRows = (tx: Sql, drive: string) => ({
  /** Lets one transaction at a time decide about the locks of this drive, also where several nodes share the database. */
  async hold(): Promise<void> {
    await tx.run(sql`UPDATE drive SET seq = seq WHERE id = ${drive}`);
  },

  alive(now: number, limit: number): Promise<LockRow[]> {
    return tx.all(
      sql`SELECT ${columns} FROM write_lock WHERE drive = ${drive} AND expires_at > ${now} ORDER BY path, token LIMIT ${limit}`,
    );
  },

  get(token: string, now: number): Promise<LockRow | undefined> {
    return tx.get(sql`SELECT ${columns} FROM write_lock WHERE drive = ${drive} AND token = ${token} AND expires_at > ${now}`);
  },

  async insert(lock: LockRow): Promise<void> {
    await tx.run(sql`INSERT INTO write_lock (drive, ${columns}) VALUES (${drive}, ${lock.token}, ${lock.path}, ${lock.infinite}, ${lock.exclusive},
      ${lock.owner}, ${lock.principal}, ${lock.timeout}, ${lock.expires_at})`);
  },

  async prolong(token: string, { timeout, expires_at }: { timeout: number; expires_at: number }): Promise<void> {
    await tx.run(sql`UPDATE write_lock SET timeout = ${timeout}, expires_at = ${expires_at} WHERE drive = ${drive} AND token = ${token}`);
  },

  async remove(token: string): Promise<void> {
    await tx.run(sql`DELETE FROM write_lock WHERE drive = ${drive} AND token = ${token}`);
  },

  /** Those on a place and on everything below it: "0" is the character after the slash. */
  async removeBelow(path: string): Promise<void> {
    await tx.run(
      sql`DELETE FROM write_lock WHERE drive = ${drive} AND (path = ${path} OR (path > ${`${path}/`} AND path < ${`${path}0`}))`,
    );
  },

  /** Of all drives. */
  async removeExpired(now: number): Promise<void> {
    await tx.run(sql`DELETE FROM write_lock WHERE expires_at <= ${now}`);
  },
});
