import { sql, type Sql, type Statement } from '@freehold/database';
import { atomicAmount, type Address, type Hex } from '@freehold/protocol';
import { z } from 'zod';
import type { Meter } from './charge.ts';
import type { AuthorizationKey, Reservation, ReservationState } from './reservation.ts';

type Row = {
  id: number;
  network: string;
  asset: Address;
  payer: Address;
  nonce: Hex;
  pay_to: Address;
  amount: string;
  valid_after: string;
  valid_before: string;
  signature: Hex;
  offer_id: string;
  task_id: string;
  request_hash: string;
  state: ReservationState;
  result_ref: string | null;
  reason: string | null;
  transaction_hash: Hex | null;
  reserved_at: number;
  settled_at: number | null;
  scheme: string;
  tab_id: Hex | null;
  cumulative: string | null;
  charged_after: string | null;
  meter: string | null;
  upfront: number;
};

export type NewReservation = Omit<Reservation, 'id' | 'state' | 'resultRef' | 'reason' | 'transaction' | 'settledAt'>;

/** A signed transaction that carries an authorization; written before it is sent. */
export type Carrier = { hash: Hex; sender: Address; senderNonce: number; raw: Hex; signedAt: number };

export type PayerRecord = { unpaidCount: number; blockedUntil: number };
export type Total = { network: string; asset: Address; payTo: Address; offerId: string; amount: bigint; payments: number };

const columns = sql`id, network, asset, payer, nonce, pay_to, amount, valid_after, valid_before, signature, offer_id, task_id, request_hash, state, result_ref, reason, transaction_hash, reserved_at, settled_at, scheme, tab_id, cumulative, charged_after, meter, upfront`;

export async function findReservation(db: Sql, key: AuthorizationKey): Promise<Reservation | undefined> {
  return reservationOf(await db.get<Row>(sql`SELECT ${columns} FROM payment_authorization WHERE ${isKey(key)} AND nonce = ${key.nonce}`));
}

export async function getReservation(db: Sql, id: number): Promise<Reservation | undefined> {
  return reservationOf(await db.get<Row>(sql`SELECT ${columns} FROM payment_authorization WHERE id = ${id}`));
}

/** `node` is the one that runs the task, of all on the database. */
export async function addReservation(db: Sql, r: NewReservation, node: string): Promise<Reservation> {
  const row = await db.get<Row>(sql`
    INSERT INTO payment_authorization (network, asset, payer, nonce, pay_to, amount, valid_after, valid_before, signature, offer_id, task_id, request_hash, state, reserved_at, changed_at, node, scheme, tab_id, cumulative, meter, upfront)
    VALUES (${r.network}, ${r.asset}, ${r.payer}, ${r.nonce}, ${r.payTo}, ${String(r.amount)}, ${r.validAfter}, ${r.validBefore}, ${r.signature}, ${r.offerId}, ${r.taskId}, ${r.requestHash}, 'reserved', ${r.reservedAt}, ${r.reservedAt}, ${node}, ${r.scheme}, ${r.tab?.id ?? null}, ${r.tab ? padded(r.tab.cumulative) : null}, ${meterText(r.meter)}, ${r.isUpfront ? 1 : 0})
    RETURNING ${columns}`);
  const added = reservationOf(row);
  if (!added) throw new TypeError('INSERT … RETURNING gave no row');
  return added;
}

/** What changes with a step; what is left out stays as it is. */
type Changes = {
  resultRef?: string;
  reason?: string | null;
  transaction?: Hex;
  settledAt?: number;
  node?: string;
  /** What a run came to. */
  amount?: bigint;
  chargedAfter?: bigint;
  /** Taken for a call again. */
  again?: Pick<NewReservation, 'offerId' | 'taskId' | 'requestHash' | 'amount' | 'meter' | 'signature' | 'reservedAt'>;
};

const nothing = sql``;
const isAgain = ({ offerId, taskId, requestHash, meter, signature, reservedAt }: NonNullable<Changes['again']>): Statement =>
  sql`, offer_id = ${offerId}, task_id = ${taskId}, request_hash = ${requestHash}, meter = ${meterText(meter)}, signature = ${signature}, reserved_at = ${reservedAt}`;

/** Takes one step of the state machine; undefined when the reservation is not in the state that the step starts from. */
export async function stepReservation(
  db: Sql,
  { id, from, to, at, changes = {} }: { id: number; from: ReservationState; to: ReservationState; at: number; changes?: Changes },
): Promise<Reservation | undefined> {
  const row = await db.get<Row>(sql`
    UPDATE payment_authorization SET
      state = ${to},
      changed_at = ${at},
      result_ref = COALESCE(${changes.resultRef ?? null}, result_ref),
      reason = ${changes.reason ?? null},
      transaction_hash = COALESCE(${changes.transaction ?? null}, transaction_hash),
      settled_at = COALESCE(${changes.settledAt ?? null}, settled_at),
      node = COALESCE(${changes.node ?? null}, node),
      amount = COALESCE(${(changes.amount ?? changes.again?.amount)?.toString() ?? null}, amount),
      charged_after = COALESCE(${changes.chargedAfter?.toString() ?? null}, charged_after)${changes.again ? isAgain(changes.again) : nothing}
    WHERE id = ${id} AND state = ${from}
    RETURNING ${columns}`);
  return reservationOf(row);
}

export const isOpen = sql`state IN ('reserved', 'executing', 'executed', 'settling')`;

/**
 * What a payer owes by authorizations that a balance read at `balanceAt` may still show as his: everything not at an end, and what was settled since.
 * At most `limit` open reservations are looked at; more than that is too many in any case.
 */
export async function outstanding(
  db: Sql,
  { limit, balanceAt, ...payer }: Omit<AuthorizationKey, 'nonce'> & { limit: number; balanceAt: number },
): Promise<{ count: number; amount: bigint }> {
  const open = await db.all<{ amount: string }>(
    sql`SELECT amount FROM payment_authorization WHERE ${isKey(payer)} AND ${isOpen} AND tab_id IS NULL LIMIT ${limit}`,
  );
  const settled = await db.all<{ amount: string }>(
    sql`SELECT amount FROM payment_authorization WHERE state = 'settled' AND settled_at >= ${balanceAt} AND ${isKey(payer)} AND tab_id IS NULL LIMIT ${limit}`,
  );
  return { count: open.length, amount: [...open, ...settled].reduce((sum, row) => sum + BigInt(row.amount), 0n) };
}

/** A page of what was not at an end on a node, in the order of reservation. */
export async function openReservations(
  db: Sql,
  { node, afterId, limit }: { node: string; afterId: number; limit: number },
): Promise<Reservation[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_authorization
        WHERE ${isOpen} AND (node = ${node} OR node IS NULL) AND id > ${afterId} ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(toReservation);
}

/** What a node settled last: within `withinMs` before its latest settlement, newest first. */
export async function lastSettled(
  db: Sql,
  { node, withinMs, limit }: { node: string; withinMs: number; limit: number },
): Promise<Reservation[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_authorization WHERE state = 'settled' AND node = ${node} ORDER BY settled_at DESC, id DESC LIMIT ${limit}`,
  );
  const latest = rows[0]?.settled_at ?? 0;
  return rows.filter(({ settled_at }) => (settled_at ?? 0) >= latest - withinMs).map(toReservation);
}

/** Equal transactions are one: signing again what was refused gives the same hash. */
export async function addCarrier(db: Sql, id: number, carrier: Carrier): Promise<void> {
  await db.run(
    sql`INSERT INTO payment_transaction (hash, authorization_id, sender, sender_nonce, raw, signed_at)
        VALUES (${carrier.hash}, ${id}, ${carrier.sender}, ${carrier.senderNonce}, ${carrier.raw}, ${carrier.signedAt})
        ON CONFLICT (hash) DO NOTHING`,
  );
}

/** Oldest first. */
export async function carriersOf(db: Sql, id: number): Promise<Carrier[]> {
  const rows = await db.all<{ hash: Hex; sender: Address; sender_nonce: number; raw: Hex; signed_at: number }>(
    sql`SELECT hash, sender, sender_nonce, raw, signed_at FROM payment_transaction WHERE authorization_id = ${id} ORDER BY signed_at, hash LIMIT 1000`,
  );
  return rows.map(({ sender_nonce, signed_at, ...row }) => ({ ...row, senderNonce: sender_nonce, signedAt: signed_at }));
}

export async function payerRecord(db: Sql, payer: Omit<AuthorizationKey, 'nonce'>): Promise<PayerRecord> {
  const row = await db.get<{ unpaid_count: number; blocked_until: number }>(
    sql`SELECT unpaid_count, blocked_until FROM payment_payer WHERE ${isKey(payer)}`,
  );
  return { unpaidCount: row?.unpaid_count ?? 0, blockedUntil: row?.blocked_until ?? 0 };
}

export async function setPayerRecord(db: Sql, payer: Omit<AuthorizationKey, 'nonce'>, record: PayerRecord): Promise<void> {
  await db.run(
    sql`INSERT INTO payment_payer (network, asset, payer, unpaid_count, blocked_until)
        VALUES (${payer.network}, ${payer.asset}, ${payer.payer}, ${record.unpaidCount}, ${record.blockedUntil})
        ON CONFLICT (network, asset, payer) DO UPDATE SET unpaid_count = excluded.unpaid_count, blocked_until = excluded.blocked_until`,
  );
}

type TotalRow = { network: string; asset: Address; pay_to: Address; offer_id: string; amount: string; payments: number };

export async function addToTotal(db: Sql, { network, asset, payTo, offerId, amount }: Reservation): Promise<void> {
  const row = await db.get<{ amount: string }>(
    sql`SELECT amount FROM payment_total WHERE network = ${network} AND asset = ${asset} AND pay_to = ${payTo} AND offer_id = ${offerId}`,
  );
  const sum = String(BigInt(row?.amount ?? '0') + amount);
  await db.run(
    sql`INSERT INTO payment_total (network, asset, pay_to, offer_id, amount, payments) VALUES (${network}, ${asset}, ${payTo}, ${offerId}, ${sum}, 1)
        ON CONFLICT (network, asset, pay_to, offer_id) DO UPDATE SET amount = excluded.amount, payments = payment_total.payments + 1`,
  );
}

/** What was added for a payment that the chain has taken back. */
export async function takeFromTotal(db: Sql, { network, asset, payTo, offerId, amount }: Reservation): Promise<void> {
  const row = await db.get<{ amount: string }>(
    sql`SELECT amount FROM payment_total WHERE network = ${network} AND asset = ${asset} AND pay_to = ${payTo} AND offer_id = ${offerId}`,
  );
  const sum = String(BigInt(row?.amount ?? '0') - amount);
  await db.run(
    sql`UPDATE payment_total SET amount = ${sum}, payments = payments - 1
        WHERE network = ${network} AND asset = ${asset} AND pay_to = ${payTo} AND offer_id = ${offerId}`,
  );
}

export async function totals(db: Sql, { payTo, offerId }: { payTo?: Address; offerId?: string }): Promise<Total[]> {
  const rows = await db.all<TotalRow>(
    sql`SELECT network, asset, pay_to, offer_id, amount, payments FROM payment_total
        WHERE ${equals(sql`pay_to`, payTo)} AND ${equals(sql`offer_id`, offerId)} ORDER BY network, asset, pay_to, offer_id LIMIT 10000`,
  );
  return rows.map(({ pay_to, offer_id, amount, ...row }) => ({ ...row, payTo: pay_to, offerId: offer_id, amount: BigInt(amount) }));
}

export type HistoryFilter = { payTo?: Address; payer?: Address; offerId?: string; beforeId?: number; limit: number };

/** Newest first. */
export async function history(db: Sql, { payTo, payer, offerId, beforeId, limit }: HistoryFilter): Promise<Reservation[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_authorization
        WHERE id < ${beforeId ?? Number.MAX_SAFE_INTEGER} AND ${equals(sql`pay_to`, payTo)} AND ${equals(sql`payer`, payer)} AND ${equals(sql`offer_id`, offerId)}
        ORDER BY id DESC LIMIT ${limit}`,
  );
  return rows.map(toReservation);
}

/** Payments that failed among those after `afterId`, newest first. */
export async function lastUnpaid(
  db: Sql,
  { payTo, afterId, limit }: { payTo?: Address; afterId: number; limit: number },
): Promise<Reservation[]> {
  const rows = await db.all<Row>(
    sql`SELECT ${columns} FROM payment_authorization WHERE id > ${afterId} AND ${equals(sql`pay_to`, payTo)} AND state = 'unpaid'
        ORDER BY id DESC LIMIT ${limit}`,
  );
  return rows.map(toReservation);
}

export const isKey = ({ network, asset, payer }: Omit<AuthorizationKey, 'nonce'>): Statement =>
  sql`network = ${network} AND asset = ${asset} AND payer = ${payer}`;

const equals = (column: Statement, value: string | undefined): Statement => (value === undefined ? sql`1 = 1` : sql`${column} = ${value}`);

const reservationOf = (row: Row | undefined): Reservation | undefined => (row ? toReservation(row) : undefined);

function toReservation(row: Row): Reservation {
  const {
    pay_to,
    amount,
    valid_after,
    valid_before,
    offer_id,
    task_id,
    request_hash,
    result_ref,
    reason,
    transaction_hash,
    reserved_at,
    settled_at,
    tab_id,
    cumulative,
    charged_after,
    meter,
    upfront,
    ...same
  } = row;
  return {
    ...same,
    payTo: pay_to,
    amount: BigInt(amount),
    validAfter: valid_after,
    validBefore: valid_before,
    offerId: offer_id,
    taskId: task_id,
    requestHash: request_hash,
    resultRef: result_ref ?? undefined,
    reason: reason ?? undefined,
    transaction: transaction_hash ?? undefined,
    reservedAt: reserved_at,
    settledAt: settled_at ?? undefined,
    isUpfront: upfront === 1,
    meter: meter === null ? undefined : storedMeter.parse(JSON.parse(meter)),
    tab:
      tab_id === null
        ? undefined
        : { id: tab_id, cumulative: BigInt(cumulative ?? '0'), chargedAfter: charged_after === null ? undefined : BigInt(charged_after) },
  };
}

const storedMeter = z.object({ per: z.enum(['second', 'mfuel']), unit: atomicAmount.transform(BigInt), minimumMs: z.number().int() });
const meterText = (meter: Meter | undefined): string | null => (meter ? JSON.stringify({ ...meter, unit: String(meter.unit) }) : null);

/** As text that sorts by value: 128 bits have at most 39 digits. */
export const padded = (cumulative: bigint): string => String(cumulative).padStart(39, '0');
