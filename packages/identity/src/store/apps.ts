import type { Address } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

/** The apps that accounts have let in, and what they gave them. */

export type AppRow = { app: string; origin: string | null; name: string; authorized_at: number };
type Of = { address: Address; app: string };

export const findApp = (db: Sql, { address, app }: Of) =>
  db.get<AppRow>(sql`SELECT app, origin, name, authorized_at FROM authorized_app WHERE address = ${address} AND app = ${app}`);

/** Newest first. */
export const listApps = (db: Sql, { address, limit }: { address: Address; limit: number }) =>
  db.all<AppRow>(
    sql`SELECT app, origin, name, authorized_at FROM authorized_app WHERE address = ${address} ORDER BY authorized_at DESC, app LIMIT ${limit}`,
  );

export async function countApps(db: Sql, address: Address): Promise<number> {
  const row = await db.get<{ count: number }>(sql`SELECT count(*) AS count FROM authorized_app WHERE address = ${address}`);
  return row?.count ?? 0;
}

/** When it was let in first stays as it is. */
export const putApp = (db: Sql, { address, app, origin, name, authorized_at }: AppRow & { address: Address }) =>
  db.run(
    sql`INSERT INTO authorized_app (address, app, origin, name, authorized_at) VALUES (${address}, ${app}, ${origin}, ${name}, ${authorized_at})
      ON CONFLICT (address, app) DO UPDATE SET origin = excluded.origin, name = excluded.name`,
  );

/** Its permissions and tokens go with it (ON DELETE CASCADE). */
export const deleteApp = (db: Sql, { address, app }: Of) =>
  db.run(sql`DELETE FROM authorized_app WHERE address = ${address} AND app = ${app}`);

export type PermissionRow = { app: string; permission: string; granted_at: number };

export async function permissionsOf(db: Sql, { address, app, limit }: Of & { limit: number }): Promise<string[]> {
  const rows = await db.all<{ permission: string }>(
    sql`SELECT permission FROM app_permission WHERE address = ${address} AND app = ${app} ORDER BY permission LIMIT ${limit}`,
  );
  return rows.map(({ permission }) => permission);
}

export const listPermissions = (db: Sql, { address, limit }: { address: Address; limit: number }) =>
  db.all<PermissionRow>(
    sql`SELECT app, permission, granted_at FROM app_permission WHERE address = ${address} ORDER BY app, permission LIMIT ${limit}`,
  );

export const putPermission = (db: Sql, { address, app, permission, at }: Of & { permission: string; at: number }) =>
  db.run(
    sql`INSERT INTO app_permission (address, app, permission, granted_at) VALUES (${address}, ${app}, ${permission}, ${at})
      ON CONFLICT (address, app, permission) DO NOTHING`,
  );

export const deletePermission = (db: Sql, { address, app, permission }: Of & { permission: string }) =>
  db.run(sql`DELETE FROM app_permission WHERE address = ${address} AND app = ${app} AND permission = ${permission}`);
