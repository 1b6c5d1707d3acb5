import { sql, type Sql } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import type { Transfer } from '../rails/exact/look.ts';
import type { AuthorizationKey } from '../reservation.ts';
import type { Carrier } from '../store.ts';

/** `answered`: that it is settled was told to one caller, who gives something for it. Nobody else is told so again. */
export type Settlement = Transfer & {
  state: 'settling' | 'settled' | 'failed';
  reason: string | undefined;
  transaction: Hex | undefined;
  answered: boolean;
  /** The one that carries it, of all on the database. */
  node: string;
};

type Row = AuthorizationKey & {
  id: number;
  pay_to: Address;
  amount: string;
  valid_after: string;
  valid_before: string;
  signature: Hex;
  state: Settlement['state'];
  reason: string | null;
  transaction_hash: Hex | null;
  answered: number;
  node: string;
  asked_at: number;
};

const columns = sql`id, network, asset, payer, nonce, pay_to, amount, valid_after, valid_before, signature, state, reason, transaction_hash, answered, node, asked_at`;

const toSettlement = ({
  pay_to,
  amount,
  valid_after,
  valid_before,
  reason,
  transaction_hash,
  answered,
  asked_at,
  ...same
}: Row): Settlement => ({
  ...same,
  payTo: pay_to,
  amount: BigInt(amount),
  validAfter: valid_after,
  validBefore: valid_before,
  reason: reason ?? undefined,
  transaction: transaction_hash ?? undefined,
  answered: answered === 1,
  reservedAt: asked_at,
});

export async function findSettlement(db: Sql, { network, asset, payer, nonce }: AuthorizationKey): Promise<Settlement | undefined> {
  const row = await db.get<Row>(
    sql`SELECT ${columns} FROM facilitator_settlement WHERE network = ${network} AND asset = ${asset} AND payer = ${payer} AND nonce = ${nonce}`,
  );
  return row && toSettlement(row);
}

export async function getSettlement(db: Sql, id: number): Promise<Settlement | undefined> {
  const row = await db.get<Row>(sql`SELECT ${columns} FROM facilitator_settlement WHERE id = ${id}`);
  return row && toSettlement(row);
}

/** Undefined when it is there already. */
export async function addSettlement(db: Sql, t: Omit<Transfer, 'id'>, node: string): Promise<Settlement | undefined> {
  const row = await db.get<Row>(sql`
    INSERT INTO facilitator_settlement (network, asset, payer, nonce, pay_to, amount, valid_after, valid_before, signature, state, node, asked_at)
    VALUES (${t.network}, ${t.asset}, ${t.payer}, ${t.nonce}, ${t.payTo}, ${String(t.amount)}, ${t.validAfter}, ${t.validBefore}, ${t.signature}, 'settling', ${node}, ${t.reservedAt})
    ON CONFLICT (network, asset, payer, nonce) DO NOTHING RETURNING ${columns}`);
  return row && toSettlement(row);
}

/** What failed may be tried again: its payer may have money now. */
export async function tryAgain(db: Sql, id: number, { node, at }: { node: string; at: number }): Promise<void> {
  await db.run(
    sql`UPDATE facilitator_settlement SET state = 'settling', reason = NULL, node = ${node}, asked_at = ${at} WHERE id = ${id} AND state = 'failed'`,
  );
}

export async function endSettlement(db: Sql, id: number, { transaction, reason }: { transaction?: Hex; reason?: string }): Promise<void> {
  await db.run(sql`UPDATE facilitator_settlement SET state = ${transaction === undefined ? 'failed' : 'settled'},
    transaction_hash = ${transaction ?? null}, reason = ${reason ?? null} WHERE id = ${id} AND state = 'settling'`);
}

/** True for the one caller who is told that it is settled. */
export async function claimAnswer(db: Sql, id: number): Promise<boolean> {
  const row = await db.get<{ id: number }>(
    sql`UPDATE facilitator_settlement SET answered = 1 WHERE id = ${id} AND state = 'settled' AND answered = 0 RETURNING id`,
  );
  return row !== undefined;
}

export async function askedSince(db: Sql, since: number): Promise<number> {
  const row = await db.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM facilitator_settlement WHERE asked_at >= ${since}`);
  return row?.count ?? 0;
}

export async function openSettlements(
  db: Sql,
  { node, afterId, limit }: { node: string; afterId: number; limit: number },
): Promise<number[]> {
  const rows = await db.all<{ id: number }>(
    sql`SELECT id FROM facilitator_settlement WHERE state = 'settling' AND node = ${node} AND id > ${afterId} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

export async function addSettlementCarrier(db: Sql, id: number, { hash, sender, senderNonce, raw, signedAt }: Carrier): Promise<void> {
  await db.run(sql`INSERT INTO facilitator_transaction (hash, settlement_id, sender, sender_nonce, raw, signed_at)
    VALUES (${hash}, ${id}, ${sender}, ${senderNonce}, ${raw}, ${signedAt}) ON CONFLICT (hash) DO NOTHING`);
}

export async function settlementCarriers(db: Sql, id: number): Promise<Carrier[]> {
  const rows = await db.all<{ hash: Hex; sender: Address; sender_nonce: number; raw: Hex; signed_at: number }>(
    sql`SELECT hash, sender, sender_nonce, raw, signed_at FROM facilitator_transaction WHERE settlement_id = ${id} ORDER BY signed_at, hash LIMIT 1000`,
  );
  return rows.map(({ sender_nonce, signed_at, ...row }) => ({ ...row, senderNonce: sender_nonce, signedAt: signed_at }));
}
