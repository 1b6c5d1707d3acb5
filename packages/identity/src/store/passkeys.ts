import type { Address } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

export type PasskeyRow = {
  /** The credential's id, base64url. */
  id: string;
  account: Address;
  public_key: Uint8Array;
  counter: number;
  /** Separated by spaces. */
  transports: string;
  label: string;
  rp: string;
  created_at: number;
  last_used_at: number;
};

const columns = sql`id, account, public_key, counter, transports, label, rp, created_at, last_used_at`;

export const insertPasskey = (db: Sql, row: PasskeyRow) =>
  db.run(
    sql`INSERT INTO passkey (${columns}) VALUES (${row.id}, ${row.account}, ${row.public_key}, ${row.counter}, ${row.transports},
      ${row.label}, ${row.rp}, ${row.created_at}, ${row.last_used_at})`,
  );

export const findPasskey = (db: Sql, id: string) => db.get<PasskeyRow>(sql`SELECT ${columns} FROM passkey WHERE id = ${id}`);

/** Oldest first. */
export const listPasskeys = (db: Sql, { account, limit }: { account: Address; limit: number }) =>
  db.all<PasskeyRow>(sql`SELECT ${columns} FROM passkey WHERE account = ${account} ORDER BY created_at, id LIMIT ${limit}`);

export const usePasskey = (db: Sql, { id, counter, at }: { id: string; counter: number; at: number }) =>
  db.run(sql`UPDATE passkey SET counter = ${counter}, last_used_at = ${at} WHERE id = ${id}`);

export const deletePasskey = (db: Sql, { id, account }: { id: string; account: Address }) =>
  db.run(sql`DELETE FROM passkey WHERE id = ${id} AND account = ${account}`);

/** True when the account is one that signed up and had not been confirmed. Its end is taken away. */
export async function confirmUser(db: Sql, { account, at }: { account: Address; at: number }): Promise<boolean> {
  const row = await db.get(
    sql`UPDATE wallet_user SET confirmed_at = ${at} WHERE address = ${account} AND confirmed_at IS NULL RETURNING id`,
  );
  if (row === undefined) return false;
  await db.run(sql`UPDATE account SET expires_at = NULL WHERE address = ${account}`);
  return true;
}
