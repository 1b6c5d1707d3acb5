import { sql, type Sql } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import { isOpen, padded } from '../store.ts';
import { noSignature, type Tab, type TabState } from './tab.ts';

type Row = {
  id: Hex;
  scheme: string;
  network: string;
  asset: Address;
  payer: Address;
  payee: Address;
  signer: Address;
  terms: string;
  balance: string;
  claimed: string;
  charged: string;
  signed: string;
  signature: Hex;
  closing_at: number | null;
  refund_nonce: string;
  job_id: number | null;
  unclaimed_since: number | null;
  read_at: number;
  used_at: number;
};

const columns = sql`id, scheme, network, asset, payer, payee, signer, terms, balance, claimed, charged, signed, signature, closing_at, refund_nonce, job_id, unclaimed_since, read_at, used_at`;

export type NewTab = Pick<Tab, 'id' | 'scheme' | 'network' | 'asset' | 'payer' | 'payee' | 'signer' | 'terms'>;

export async function getTab(db: Sql, id: Hex): Promise<Tab | undefined> {
  const row = await db.get<Row>(sql`SELECT ${columns} FROM payment_tab WHERE id = ${id}`);
  return row && toTab(row);
}

/**
 * Writes what the chain said of a tab, unless something newer is known. One that is new here begins with what is claimed already: no more is
 * known of what was charged. Within a transaction.
 */
export async function putTabState(db: Sql, tab: NewTab, { isOver, ...state }: TabState & { readAt: number }, node: string): Promise<Tab> {
  const known = await getTab(db, tab.id);
  if (known && known.readAt > state.readAt) return known;
  const claimed = larger(known?.claimed ?? 0n, state.claimed);
  const charged = larger(known?.charged ?? 0n, claimed);
  const next = {
    ...tab,
    ...state,
    claimed,
    charged,
    signed: larger(known?.signed ?? 0n, charged),
    signature: known?.signature ?? noSignature,
    jobId: known?.jobId,
    // What is left after a claim is younger than it.
    unclaimedSince: charged > claimed && !isOver ? (known && claimed > known.claimed ? state.readAt : known?.unclaimedSince) : undefined,
    usedAt: known?.usedAt ?? state.readAt,
  };
  await db.run(sql`
    INSERT INTO payment_tab (id, scheme, network, asset, payer, payee, signer, terms, balance, claimed, charged, signed, signature, closing_at, refund_nonce, unclaimed_since, read_at, used_at, node)
    VALUES (${tab.id}, ${tab.scheme}, ${tab.network}, ${tab.asset}, ${tab.payer}, ${tab.payee}, ${next.signer}, ${next.terms}, ${String(next.balance)}, ${String(claimed)}, ${String(charged)}, ${String(next.signed)}, ${next.signature}, ${next.closingAt ?? null}, ${String(next.refundNonce)}, ${next.unclaimedSince ?? null}, ${next.readAt}, ${next.usedAt}, ${node})
    ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, signer = excluded.signer, balance = excluded.balance, claimed = excluded.claimed, charged = excluded.charged, signed = excluded.signed,
      closing_at = excluded.closing_at, refund_nonce = excluded.refund_nonce, unclaimed_since = excluded.unclaimed_since, read_at = excluded.read_at, node = excluded.node`);
  return next;
}

/** What its calls under way may come to. */
export async function heldOn(db: Sql, id: Hex): Promise<{ amount: bigint; count: number }> {
  const rows = await db.all<{ amount: string }>(
    sql`SELECT amount FROM payment_authorization WHERE tab_id = ${id} AND ${isOpen} LIMIT 10000`,
  );
  return { amount: rows.reduce((sum, { amount }) => sum + BigInt(amount), 0n), count: rows.length };
}

export async function raiseSigned(
  db: Sql,
  { id, signed, signature, usedAt }: Pick<Tab, 'id' | 'signed' | 'signature' | 'usedAt'>,
): Promise<void> {
  await db.run(sql`UPDATE payment_tab SET signed = ${String(signed)}, signature = ${signature}, used_at = ${usedAt} WHERE id = ${id}`);
}

export async function setCharged(db: Sql, { id, charged, at }: { id: Hex; charged: bigint; at: number }): Promise<void> {
  await db.run(
    sql`UPDATE payment_tab SET charged = ${String(charged)}, unclaimed_since = COALESCE(unclaimed_since, CAST(${at} AS BIGINT)) WHERE id = ${id}`,
  );
}

/** Of the vouchers of a tab the highest that is not above `most`. */
export async function voucherUpTo(db: Sql, id: Hex, most: bigint): Promise<{ cumulative: bigint; signature: Hex } | undefined> {
  const row = await db.get<{ cumulative: string; signature: Hex }>(
    sql`SELECT cumulative, signature FROM payment_authorization WHERE tab_id = ${id} AND cumulative <= ${padded(most)} ORDER BY cumulative DESC LIMIT 1`,
  );
  return row && { cumulative: BigInt(row.cumulative), signature: row.signature };
}

/** A page of the tabs of a node with something to claim, in the order of their ids. */
export async function unclaimedTabs(db: Sql, { node, afterId, limit }: { node: string; afterId: string; limit: number }): Promise<Tab[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_tab WHERE node = ${node} AND unclaimed_since IS NOT NULL AND id > ${afterId} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(toTab);
}

/** Of one payer, those used last first. */
export async function tabsOf(db: Sql, { payer, limit }: { payer?: Address; limit: number }): Promise<Tab[]> {
  const rows = await db.all<Row>(
    payer === undefined
      ? sql`SELECT ${columns} FROM payment_tab ORDER BY used_at DESC, id LIMIT ${limit}`
      : sql`SELECT ${columns} FROM payment_tab WHERE payer = ${payer} ORDER BY used_at DESC, id LIMIT ${limit}`,
  );
  return rows.map(toTab);
}

export async function setJob(db: Sql, id: Hex, jobId: number | undefined): Promise<void> {
  await db.run(sql`UPDATE payment_tab SET job_id = ${jobId ?? null} WHERE id = ${id}`);
}

const toTab = ({ closing_at, refund_nonce, job_id, unclaimed_since, read_at, used_at, ...row }: Row): Tab => ({
  ...row,
  balance: BigInt(row.balance),
  claimed: BigInt(row.claimed),
  charged: BigInt(row.charged),
  signed: BigInt(row.signed),
  closingAt: closing_at ?? undefined,
  refundNonce: BigInt(refund_nonce),
  jobId: job_id ?? undefined,
  unclaimedSince: unclaimed_since ?? undefined,
  readAt: read_at,
  usedAt: used_at,
});

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
