import type { Account, Address, Role } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

/** The rows of identity. Every function takes the `Sql` to work in, so that callers decide what is one transaction. */

type AccountRow = { address: Address; role: Role; created_at: number; expires_at: number | null; wallet: string | null; admin: number };
const accountOf = (row: AccountRow): Account => ({
  address: row.address,
  role: row.admin === 1 ? 'admin' : row.role,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  ...(row.wallet !== null && { wallet: row.wallet }),
});
const accountColumns = sql`address, role, created_at, expires_at, wallet, admin`;

export async function findAccount(db: Sql, address: Address): Promise<Account | undefined> {
  const row = await db.get<AccountRow>(sql`SELECT ${accountColumns} FROM account WHERE address = ${address}`);
  return row && accountOf(row);
}

export async function findOwner(db: Sql): Promise<Account | undefined> {
  const row = await db.get<AccountRow>(sql`SELECT ${accountColumns} FROM account WHERE role = 'owner'`);
  return row && accountOf(row);
}

export async function listAccounts(db: Sql): Promise<Account[]> {
  const rows = await db.all<AccountRow>(sql`SELECT ${accountColumns} FROM account ORDER BY created_at, address LIMIT 10000`);
  return rows.map(accountOf);
}

/** Inserts, or changes role and expiry; when the wallet was first let in stays as it is. */
export async function putAccount(db: Sql, { address, role, createdAt, expiresAt, wallet }: Account): Promise<void> {
  // An administrator is a member with one thing more.
  const stored = role === 'admin' ? 'member' : role;
  await db.run(
    sql`INSERT INTO account (address, role, created_at, expires_at, wallet, admin)
      VALUES (${address}, ${stored}, ${createdAt}, ${expiresAt}, ${wallet ?? null}, ${role === 'admin' ? 1 : 0})
      ON CONFLICT (address) DO UPDATE SET role = excluded.role, expires_at = excluded.expires_at, admin = excluded.admin`,
  );
}

/** Its sessions go with it (ON DELETE CASCADE). */
export const deleteAccount = (db: Sql, address: Address) => db.run(sql`DELETE FROM account WHERE address = ${address}`);

/** Without a message it is a nonce alone, for programs that write the message themselves. */
export type ChallengeRow = { nonce: string; address: string; origin: string; message: string; network: string; expires_at: number };

export const insertChallenge = (db: Sql, row: ChallengeRow) =>
  db.run(
    sql`INSERT INTO challenge (nonce, address, origin, message, network, expires_at)
      VALUES (${row.nonce}, ${row.address}, ${row.origin}, ${row.message}, ${row.network}, ${row.expires_at})`,
  );

export const findChallenge = (db: Sql, nonce: string) =>
  db.get<ChallengeRow>(sql`SELECT nonce, address, origin, message, network, expires_at FROM challenge WHERE nonce = ${nonce}`);

/** True for exactly one of any number of callers. */
export async function takeChallenge(db: Sql, nonce: string): Promise<boolean> {
  return (await db.get(sql`DELETE FROM challenge WHERE nonce = ${nonce} RETURNING nonce`)) !== undefined;
}

export const deleteExpiredChallenges = (db: Sql, now: number) => db.run(sql`DELETE FROM challenge WHERE expires_at <= ${now}`);

export async function countChallenges(db: Sql, network: string): Promise<{ ofNetwork: number; all: number }> {
  const ofNetwork = await db.get<{ count: number }>(sql`SELECT count(*) AS count FROM challenge WHERE network = ${network}`);
  const all = await db.get<{ count: number }>(sql`SELECT count(*) AS count FROM challenge`);
  return { ofNetwork: ofNetwork?.count ?? 0, all: all?.count ?? 0 };
}

export const deleteOldestChallenge = (db: Sql) =>
  db.run(sql`DELETE FROM challenge WHERE nonce = (SELECT nonce FROM challenge ORDER BY expires_at, nonce LIMIT 1)`);

export type SessionRow = {
  id: string;
  address: Address;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  user_agent: string;
  network: string;
};

export const insertSession = (db: Sql, row: SessionRow & { token_hash: Uint8Array }) =>
  db.run(
    sql`INSERT INTO session (id, token_hash, address, created_at, last_used_at, expires_at, user_agent, network)
      VALUES (${row.id}, ${row.token_hash}, ${row.address}, ${row.created_at}, ${row.last_used_at}, ${row.expires_at}, ${row.user_agent}, ${row.network})`,
  );

/** The session of a token, expired or not. */
export const findSession = (db: Sql, tokenHash: Uint8Array) =>
  db.get<SessionRow>(
    sql`SELECT id, address, created_at, last_used_at, expires_at, user_agent, network FROM session WHERE token_hash = ${tokenHash}`,
  );

/** Newest use first. */
export const listSessions = (db: Sql, { address, now, limit }: { address: Address; now: number; limit: number }) =>
  db.all<SessionRow>(
    sql`SELECT id, address, created_at, last_used_at, expires_at, user_agent, network FROM session
      WHERE address = ${address} AND expires_at > ${now} ORDER BY last_used_at DESC, id LIMIT ${limit}`,
  );

export const touchSession = (db: Sql, { id, lastUsedAt, expiresAt }: { id: string; lastUsedAt: number; expiresAt: number }) =>
  db.run(sql`UPDATE session SET last_used_at = ${lastUsedAt}, expires_at = ${expiresAt} WHERE id = ${id} AND last_used_at < ${lastUsedAt}`);

export const deleteExpiredSessions = (db: Sql, now: number) => db.run(sql`DELETE FROM session WHERE expires_at <= ${now}`);

/** Keeps the `keep` most recently used sessions of a wallet. */
export const deleteOldestSessions = (db: Sql, { address, keep }: { address: Address; keep: number }) =>
  db.run(
    sql`DELETE FROM session WHERE address = ${address} AND id NOT IN
      (SELECT id FROM session WHERE address = ${address} ORDER BY last_used_at DESC, created_at DESC, id LIMIT ${keep})`,
  );

export const deleteSession = (db: Sql, { id, address }: { id: string; address: Address }) =>
  db.run(sql`DELETE FROM session WHERE id = ${id} AND address = ${address}`);

export const deleteOtherSessions = (db: Sql, { keep, address }: { keep: string; address: Address }) =>
  db.run(sql`DELETE FROM session WHERE address = ${address} AND id <> ${keep}`);

export const insertSigner = (db: Sql, { address, since }: { address: Address; since: number }) =>
  db.run(sql`INSERT INTO signer (address, since) VALUES (${address}, ${since}) ON CONFLICT (address) DO NOTHING`);

/** Newest first. */
export const listSigners = (db: Sql) =>
  db.all<{ address: Address; since: number }>(sql`SELECT address, since FROM signer ORDER BY position DESC LIMIT 1000`);
