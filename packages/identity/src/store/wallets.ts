import type { Address } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

/** People who signed up for a wallet, and the public keys of wallets. */

export type UserRow = {
  position: number;
  id: string;
  email: string;
  user_id: string;
  address: Address;
  public_key: string;
  created_at: number;
};

export async function insertUser(db: Sql, row: Omit<UserRow, 'position'>): Promise<void> {
  await db.run(
    sql`INSERT INTO wallet_user (id, email, user_id, address, public_key, created_at)
      VALUES (${row.id}, ${row.email}, ${row.user_id}, ${row.address}, ${row.public_key}, ${row.created_at})`,
  );
}

export const findUserByName = (db: Sql, { email, userId }: { email: string; userId: string }) =>
  db.get<{ email: string; user_id: string }>(
    sql`SELECT email, user_id FROM wallet_user WHERE email = ${email} OR user_id = ${userId} LIMIT 1`,
  );

/** False when a wallet was derived from the id before, by whomever: ids are never given out again. */
export async function takeUserId(db: Sql, userId: string): Promise<boolean> {
  return (
    (await db.get(sql`INSERT INTO taken_user_id (user_id) VALUES (${userId}) ON CONFLICT (user_id) DO NOTHING RETURNING user_id`)) !==
    undefined
  );
}

export const findUser = (db: Sql, address: Address) =>
  db.get<UserRow>(sql`SELECT position, id, email, user_id, address, public_key, created_at FROM wallet_user WHERE address = ${address}`);

/** Oldest first, after a position; `like` is a pattern for e-mail, user id and address, in lower case. */
export const listUsers = (db: Sql, { after, like, limit }: { after: number; like: string | undefined; limit: number }) =>
  like === undefined
    ? db.all<UserRow>(
        sql`SELECT position, id, email, user_id, address, public_key, created_at FROM wallet_user
          WHERE position > ${after} ORDER BY position LIMIT ${limit}`,
      )
    : db.all<UserRow>(
        sql`SELECT position, id, email, user_id, address, public_key, created_at FROM wallet_user
          WHERE position > ${after} AND (email LIKE ${like} ESCAPE '!' OR lower(user_id) LIKE ${like} ESCAPE '!' OR lower(address) LIKE ${like} ESCAPE '!')
          ORDER BY position LIMIT ${limit}`,
      );

export type KeyRow = {
  algorithm: string;
  version: number;
  public_key: string;
  address: string;
  purpose: string;
  /** JSON: two signatures. */
  chain: string;
  created_at: number;
};

/** The first row of a key stays: it is always the same key. */
export const insertKey = (db: Sql, row: KeyRow & { account: Address }) =>
  db.run(
    sql`INSERT INTO wallet_key (account, algorithm, version, public_key, address, purpose, chain, created_at)
      VALUES (${row.account}, ${row.algorithm}, ${row.version}, ${row.public_key}, ${row.address}, ${row.purpose}, ${row.chain}, ${row.created_at})
      ON CONFLICT (account, algorithm, version) DO NOTHING`,
  );

/** Newest version first. */
export const listKeys = (db: Sql, { account, limit }: { account: Address; limit: number }) =>
  db.all<KeyRow>(
    sql`SELECT algorithm, version, public_key, address, purpose, chain, created_at FROM wallet_key
      WHERE account = ${account} ORDER BY version DESC, algorithm DESC LIMIT ${limit}`,
  );
