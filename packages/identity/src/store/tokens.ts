import type { Address, Role } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

/** Tokens that are not sessions: of apps, access tokens and app passwords. */

export type DelegateKind = 'app' | 'token' | 'password';

export type DelegatedTokenRow = {
  id: string;
  kind: DelegateKind;
  address: Address;
  session: string | null;
  app: string | null;
  label: string;
  /** Of an access token: what it may, a line each. */
  permissions: string;
  access: 'read' | 'write' | null;
  created_at: number;
  last_used_at: number;
  expires_at: number | null;
};

export const insertToken = (db: Sql, row: DelegatedTokenRow & { token_hash: Uint8Array }) =>
  db.run(
    sql`INSERT INTO delegated_token
        (id, token_hash, kind, address, session, app, label, permissions, access, created_at, last_used_at, expires_at)
      VALUES (${row.id}, ${row.token_hash}, ${row.kind}, ${row.address}, ${row.session}, ${row.app}, ${row.label}, ${row.permissions},
        ${row.access}, ${row.created_at}, ${row.last_used_at}, ${row.expires_at})`,
  );

export type PresentedTokenRow = DelegatedTokenRow & {
  role: Role;
  account_created_at: number;
  account_expires_at: number | null;
  session_expires_at: number | null;
};

/** A token with all that decides whether it still counts, in one look. */
export const findToken = (db: Sql, tokenHash: Uint8Array) =>
  db.get<PresentedTokenRow>(
    sql`SELECT t.id, t.kind, t.address, t.session, t.app, t.label, t.permissions, t.access, t.created_at, t.last_used_at, t.expires_at,
        CASE WHEN a.admin = 1 THEN 'admin' ELSE a.role END AS role, a.created_at AS account_created_at, a.expires_at AS account_expires_at, s.expires_at AS session_expires_at
      FROM delegated_token t JOIN account a ON a.address = t.address LEFT JOIN session s ON s.id = t.session
      WHERE t.token_hash = ${tokenHash}`,
  );

/** The living tokens of one kind, last used first. */
export const listTokens = (db: Sql, { address, kind, now, limit }: { address: Address; kind: DelegateKind; now: number; limit: number }) =>
  db.all<DelegatedTokenRow>(
    sql`SELECT t.id, t.kind, t.address, t.session, t.app, t.label, t.permissions, t.access, t.created_at, t.last_used_at,
        COALESCE(t.expires_at, s.expires_at) AS expires_at
      FROM delegated_token t LEFT JOIN session s ON s.id = t.session
      WHERE t.address = ${address} AND t.kind = ${kind} AND (t.expires_at IS NULL OR t.expires_at > ${now})
        AND (t.session IS NULL OR s.expires_at > ${now})
      ORDER BY t.last_used_at DESC, t.id LIMIT ${limit}`,
  );

/** Those that the account made itself. */
export async function countTokens(db: Sql, { address, kind }: { address: Address; kind: DelegateKind }): Promise<number> {
  const row = await db.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM delegated_token WHERE address = ${address} AND kind = ${kind} AND app IS NULL`,
  );
  return row?.count ?? 0;
}

export const touchToken = (db: Sql, { id, lastUsedAt }: { id: string; lastUsedAt: number }) =>
  db.run(sql`UPDATE delegated_token SET last_used_at = ${lastUsedAt} WHERE id = ${id} AND last_used_at < ${lastUsedAt}`);

export const deleteExpiredTokens = (db: Sql, now: number) =>
  db.run(sql`DELETE FROM delegated_token WHERE expires_at IS NOT NULL AND expires_at <= ${now}`);

/** Keeps the `keep` most recently used tokens of one kind that an app holds or made. */
export const deleteOldestOfApp = (
  db: Sql,
  { address, app, kind, keep }: { address: Address; app: string; kind: DelegateKind; keep: number },
) =>
  db.run(
    sql`DELETE FROM delegated_token WHERE address = ${address} AND app = ${app} AND kind = ${kind} AND id NOT IN
      (SELECT id FROM delegated_token WHERE address = ${address} AND app = ${app} AND kind = ${kind}
        ORDER BY last_used_at DESC, created_at DESC, id LIMIT ${keep})`,
  );

export const deleteToken = (db: Sql, { address, kind, id }: { address: Address; kind: DelegateKind; id: string }) =>
  db.run(sql`DELETE FROM delegated_token WHERE id = ${id} AND address = ${address} AND kind = ${kind}`);

/** An access token by itself or by its id; with `app`, only one that this app made. */
export const deleteAccessToken = (
  db: Sql,
  { address, app, id, tokenHash }: { address: Address; app: string | undefined; id: string; tokenHash: Uint8Array },
) => {
  const made = app === undefined ? sql`` : sql` AND app = ${app}`;
  return db.run(
    sql`DELETE FROM delegated_token WHERE (id = ${id} OR token_hash = ${tokenHash}) AND address = ${address} AND kind = 'token'${made}`,
  );
};

/** The access tokens that an app made: none may outlive the permission it was made from. */
export const deleteAccessTokensOfApp = (db: Sql, { address, app }: { address: Address; app: string }) =>
  db.run(sql`DELETE FROM delegated_token WHERE address = ${address} AND app = ${app} AND kind = 'token'`);
