import { sql, type Sql } from '@freehold/database';
import type { Address } from '@freehold/protocol';

/** A script in a drive that answers requests under a name of the node. */
export type WorkerRow = { name: string; account: Address; app: string; entry: string; createdAt: number };
export type WorkerLogRow = { at: number; text: string };

type Row = Omit<WorkerRow, 'createdAt'> & { created_at: number };
const columns = sql`name, account, app, entry, created_at`;
const toWorker = ({ created_at, ...row }: Row): WorkerRow => ({ ...row, createdAt: created_at });

export async function findWorker(db: Sql, name: string): Promise<WorkerRow | undefined> {
  const row = await db.get<Row>(sql`SELECT ${columns} FROM worker WHERE name = ${name}`);
  return row && toWorker(row);
}

/** By name. */
export async function listWorkers(db: Sql, { account, limit }: { account: Address; limit: number }): Promise<WorkerRow[]> {
  return (await db.all<Row>(sql`SELECT ${columns} FROM worker WHERE account = ${account} ORDER BY name LIMIT ${limit}`)).map(toWorker);
}

export const putWorker = (tx: Sql, { name, account, app, entry, createdAt }: WorkerRow) =>
  tx.run(sql`INSERT INTO worker (name, account, app, entry, created_at) VALUES (${name}, ${account}, ${app}, ${entry}, ${createdAt})
    ON CONFLICT (name) DO UPDATE SET app = excluded.app, entry = excluded.entry`);

export async function deleteWorker(tx: Sql, { name, account }: { name: string; account: Address }): Promise<boolean> {
  const changes = await tx.run(sql`DELETE FROM worker WHERE name = ${name} AND account = ${account}`);
  if (changes > 0) await tx.run(sql`DELETE FROM worker_log WHERE worker = ${name}`);
  return changes > 0;
}

/** Adds what a call wrote, and drops all but the newest `keep` calls. */
export async function addWorkerLog(tx: Sql, { id, worker, at, text, keep }: WorkerLogRow & { id: string; worker: string; keep: number }) {
  await tx.run(sql`INSERT INTO worker_log (id, worker, at, text) VALUES (${id}, ${worker}, ${at}, ${text})`);
  const last = await tx.get<{ at: number }>(
    sql`SELECT at FROM worker_log WHERE worker = ${worker} ORDER BY at DESC, id DESC LIMIT 1 OFFSET ${keep}`,
  );
  if (last) await tx.run(sql`DELETE FROM worker_log WHERE worker = ${worker} AND at <= ${last.at}`);
}

/** Newest first. */
export const readWorkerLog = (db: Sql, { worker, limit }: { worker: string; limit: number }): Promise<WorkerLogRow[]> =>
  db.all<WorkerLogRow>(sql`SELECT at, text FROM worker_log WHERE worker = ${worker} ORDER BY at DESC, id DESC LIMIT ${limit}`);
