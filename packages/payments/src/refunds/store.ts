import { sql, type Sql } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import type { Reservation } from '../reservation.ts';

/** A credit note: what is owed for work that was paid before it was done and came to nothing. */
export type Refund = {
  id: number;
  network: string;
  asset: Address;
  payer: Address;
  /** Atomic units. */
  amount: bigint;
  /** Of the payment. */
  reservationId: number;
  /** The transaction that paid it out, and when; undefined while it is owed. */
  transaction: Hex | undefined;
  paidAt: number | undefined;
  createdAt: number;
};

type Row = {
  id: number;
  network: string;
  asset: Address;
  payer: Address;
  amount: string;
  authorization_id: number;
  transaction_hash: Hex | null;
  paid_at: number | null;
  created_at: number;
};

const columns = sql`id, network, asset, payer, amount, authorization_id, transaction_hash, paid_at, created_at`;

/** One for each payment. */
export async function addRefund(
  db: Sql,
  { id, network, asset, payer, amount }: Reservation,
  { node, at }: { node: string; at: number },
): Promise<void> {
  await db.run(sql`
    INSERT INTO payment_refund (network, asset, payer, amount, authorization_id, created_at, node)
    VALUES (${network}, ${asset}, ${payer}, ${String(amount)}, ${id}, ${at}, ${node}) ON CONFLICT (authorization_id) DO NOTHING`);
}

/** A page of those of a node that are owed, and that no job is paying out. */
export async function owedRefunds(db: Sql, { node, afterId, limit }: { node: string; afterId: number; limit: number }): Promise<Refund[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_refund WHERE node = ${node} AND paid_at IS NULL AND job_id IS NULL AND id > ${afterId} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(toRefund);
}

/** False when another job has it. */
export async function takeRefund(db: Sql, { id, jobId }: { id: number; jobId: number }): Promise<boolean> {
  return (await db.run(sql`UPDATE payment_refund SET job_id = ${jobId} WHERE id = ${id} AND job_id IS NULL AND paid_at IS NULL`)) === 1;
}

/** A job that failed leaves it owed. */
export async function endRefund(
  db: Sql,
  { jobId, transaction, at }: { jobId: number; transaction: Hex | undefined; at: number },
): Promise<void> {
  if (transaction === undefined) await db.run(sql`UPDATE payment_refund SET job_id = NULL WHERE job_id = ${jobId}`);
  else await db.run(sql`UPDATE payment_refund SET transaction_hash = ${transaction}, paid_at = ${at} WHERE job_id = ${jobId}`);
}

/** Newest first. */
export async function refundsOf(db: Sql, { payer, limit }: { payer?: Address; limit: number }): Promise<Refund[]> {
  const isOf = payer === undefined ? sql`1 = 1` : sql`payer = ${payer}`;
  const rows = await db.all<Row>(sql`SELECT ${columns} FROM payment_refund WHERE ${isOf} ORDER BY id DESC LIMIT ${limit}`);
  return rows.map(toRefund);
}

const toRefund = ({ amount, authorization_id, transaction_hash, paid_at, created_at, ...row }: Row): Refund => ({
  ...row,
  amount: BigInt(amount),
  reservationId: authorization_id,
  transaction: transaction_hash ?? undefined,
  paidAt: paid_at ?? undefined,
  createdAt: created_at,
});
