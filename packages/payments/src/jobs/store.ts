import { sql, type Sql } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import type { Carrier } from '../store.ts';

export type JobState = 'open' | 'done' | 'failed';

/** A transaction of the node's own. `about` is JSON text for whoever started it. */
export type Job = {
  id: number;
  network: string;
  kind: string;
  to: Address;
  data: Hex;
  about: string;
  state: JobState;
  reason: string | undefined;
  transaction: Hex | undefined;
};

type Row = {
  id: number;
  network: string;
  kind: string;
  sent_to: Address;
  data: Hex;
  about: string;
  state: JobState;
  reason: string | null;
  transaction_hash: Hex | null;
};

const columns = sql`id, network, kind, sent_to, data, about, state, reason, transaction_hash`;

export type NewJob = Pick<Job, 'network' | 'kind' | 'to' | 'data' | 'about'>;

export async function addJob(db: Sql, job: NewJob, { node, at }: { node: string; at: number }): Promise<Job> {
  const row = await db.get<Row>(sql`
    INSERT INTO payment_job (node, network, kind, sent_to, data, about, state, created_at)
    VALUES (${node}, ${job.network}, ${job.kind}, ${job.to}, ${job.data}, ${job.about}, 'open', ${at}) RETURNING ${columns}`);
  if (!row) throw new TypeError('INSERT … RETURNING gave no row');
  return toJob(row);
}

/** Undefined when it had ended before. */
export async function endJob(
  db: Sql,
  { id, state, at, reason, transaction }: { id: number; state: 'done' | 'failed'; at: number; reason?: string; transaction?: Hex },
): Promise<Job | undefined> {
  const row = await db.get<Row>(sql`
    UPDATE payment_job SET state = ${state}, ended_at = ${at}, reason = ${reason ?? null}, transaction_hash = ${transaction ?? null}
    WHERE id = ${id} AND state = 'open' RETURNING ${columns}`);
  return row && toJob(row);
}

export async function openJobsOf(db: Sql, { node, afterId, limit }: { node: string; afterId: number; limit: number }): Promise<Job[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_job WHERE node = ${node} AND state = 'open' AND id > ${afterId} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(toJob);
}

export async function addJobCarrier(db: Sql, id: number, carrier: Carrier): Promise<void> {
  await db.run(sql`
    INSERT INTO payment_job_transaction (hash, job_id, sender, sender_nonce, raw, signed_at)
    VALUES (${carrier.hash}, ${id}, ${carrier.sender}, ${carrier.senderNonce}, ${carrier.raw}, ${carrier.signedAt}) ON CONFLICT (hash) DO NOTHING`);
}

/** Oldest first. */
export async function jobCarriers(db: Sql, id: number): Promise<Carrier[]> {
  const rows = await db.all<{ hash: Hex; sender: Address; sender_nonce: number; raw: Hex; signed_at: number }>(
    sql`SELECT hash, sender, sender_nonce, raw, signed_at FROM payment_job_transaction WHERE job_id = ${id} ORDER BY signed_at, hash LIMIT 1000`,
  );
  return rows.map(({ sender_nonce, signed_at, ...row }) => ({ ...row, senderNonce: sender_nonce, signedAt: signed_at }));
}

const toJob = ({ sent_to, reason, transaction_hash, ...row }: Row): Job => ({
  ...row,
  to: sent_to,
  reason: reason ?? undefined,
  transaction: transaction_hash ?? undefined,
});
