import type { Database, Sql } from '@freehold/database';
import type { Hex } from '@freehold/protocol';
import { PaymentError } from './error.ts';
import { addRefund } from './refunds/store.ts';
import type { AuthorizationKey, Reservation, ReservationState } from './reservation.ts';
import {
  addCarrier,
  addReservation,
  addToTotal,
  findReservation,
  getReservation,
  outstanding,
  payerRecord,
  setPayerRecord,
  stepReservation,
  type Carrier,
  type NewReservation,
} from './store.ts';

/** What a payer can pay with, and where the node stops trusting him; atomic units. `balanceAt`: no later than the balance was read. */
export type Funds = { balance: bigint; balanceAt: number; cap: bigint; openLimit: number };

export type Ledger = ReturnType<typeof openLedger>;

const blockFirstMs = 60_000;
const blockMostMs = 24 * 3_600_000;

/** The steps of the state machine, each one durable transaction, and the news of those that end it. */
export function openLedger({
  database,
  node,
  now,
  onEnd,
}: {
  database: Database;
  node: string;
  now: () => number;
  /** Hears of each reservation that has come to an end. */
  onEnd: (reservation: Reservation) => void;
}) {
  const waiting = new Map<number, Set<(reservation: Reservation) => void>>();

  async function step(
    id: number,
    from: ReservationState,
    to: ReservationState,
    changes: Parameters<typeof stepReservation>[1]['changes'] & object,
    also?: (db: Sql, moved: Reservation) => Promise<void>,
  ) {
    return move(id, async (db) => {
      const moved = await stepReservation(db, { id, from, to, at: now(), changes });
      if (moved) await also?.(db, moved);
      return moved;
    });
  }

  async function move(id: number, work: (db: Sql) => Promise<Reservation | undefined>): Promise<Reservation> {
    const reservation = await database.transaction(async (db) => {
      const moved = await work(db);
      if (!moved) throw new PaymentError('payment_state', `Payment ${id} is not in the state (any more) from which this step is taken.`);
      return moved;
    });
    if (isAtEnd(reservation.state)) tell(reservation);
    return reservation;
  }

  function tell(reservation: Reservation) {
    const waiters = waiting.get(reservation.id);
    waiting.delete(reservation.id);
    for (const resolve of waiters ?? []) resolve(reservation);
    onEnd(reservation);
  }

  /** A payment that was released is held for a call again. */
  async function takeAgain(db: Sql, released: Reservation, wanted: NewReservation): Promise<Reservation> {
    const { reservedAt } = wanted;
    const again = await stepReservation(db, {
      id: released.id,
      from: 'released',
      to: 'reserved',
      at: reservedAt,
      changes: { node, again: wanted },
    });
    if (!again) throw new PaymentError('payment_state', 'A released payment is taken for a call again by one transaction at a time.');
    return again;
  }

  return {
    find: (key: AuthorizationKey) => findReservation(database.read, key),
    get: (id: number) => getReservation(database.read, id),
    takeAgain,

    /**
     * Takes an authorization for a request, once: the row is unique by its key, and the payer's money must cover all that he
     * owes with it. One that was released is taken again; any other that exists is given back as it is (`isNew: false`), for
     * the caller to compare.
     */
    async reserve(
      wanted: NewReservation,
      { balance, balanceAt, cap, openLimit }: Funds,
    ): Promise<{ isNew: boolean; reservation: Reservation }> {
      return database.transaction(async (db) => {
        const existing = await findReservation(db, wanted);
        if (existing && (existing.state !== 'released' || !isSameRequest(existing, wanted))) return { isNew: false, reservation: existing };
        const { unpaidCount, blockedUntil } = await payerRecord(db, wanted);
        if (blockedUntil > wanted.reservedAt) {
          throw new PaymentError(
            'payment_exposure',
            `This wallet had work done ${unpaidCount} times without the money for it. It can pay here again at ${new Date(blockedUntil).toISOString()}.`,
            { errorReason: 'insufficient_funds' },
          );
        }
        const owed = await outstanding(db, {
          network: wanted.network,
          asset: wanted.asset,
          payer: wanted.payer,
          limit: openLimit,
          balanceAt,
        });
        // The cap is for what piles up: one payment alone may be as large as the money that covers it.
        const most = owed.count === 0 ? balance : min(balance, cap);
        if (owed.count >= openLimit || owed.amount + wanted.amount > most) {
          throw new PaymentError(
            'payment_exposure',
            owed.amount === 0n && owed.count === 0
              ? 'This wallet does not hold the price. Put money in it and send the request again.'
              : 'This wallet has too many payments under way for the money in it. Wait until they are settled and send the request again.',
            { errorReason: 'insufficient_funds' },
          );
        }
        if (!existing) return { isNew: true, reservation: await addReservation(db, wanted, node) };
        return { isNew: true, reservation: await takeAgain(db, existing, wanted) };
      });
    },

    begin: (id: number) => step(id, 'reserved', 'executing', {}),
    executed: (id: number, done: { resultRef: string; amount: bigint }) => step(id, 'executing', 'executed', done),
    /** Nothing is charged; for what was paid before, a refund is owed from the same moment on. */
    release: (id: number, from: 'reserved' | 'executing', reason: string) =>
      step(id, from, 'released', { reason }, async (db, moved) => {
        if (moved.isUpfront && moved.transaction !== undefined) await addRefund(db, moved, { node, at: now() });
      }),
    /** The money for work that is not done yet has moved. */
    prepaid: (id: number, from: 'reserved' | 'executing', transaction: Hex) => step(id, from, from, { transaction }),
    /** Work that was paid before has its result. */
    delivered: (id: number, done: { resultRef: string }) =>
      step(id, 'executing', 'settled', { ...done, settledAt: now() }, (db, moved) => addToTotal(db, moved)),
    /** A payer whose money was gone has it again: the withheld result can still be paid. */
    retry: (id: number) => step(id, 'unpaid', 'executed', { node }),

    /**
     * What draws on a tab is settled when it is executed, in one step from `reserved`: that it has begun is worth no flush of its own, as its
     * result is looked for after a crash in any case. `draw` writes the charge, and answers what the tab came to.
     */
    charge: (id: number, done: { resultRef: string; amount: bigint }, draw: (db: Sql) => Promise<bigint>): Promise<Reservation> =>
      move(id, async (db) => {
        const chargedAfter = await draw(db);
        const changes = { ...done, chargedAfter, settledAt: now() };
        const moved = await stepReservation(db, { id, from: 'reserved', to: 'settled', at: now(), changes });
        if (moved) await addToTotal(db, moved);
        return moved;
      }),

    /** The same for one that moves money before the work is done. */
    carryUpfront: (id: number, carrier: Carrier): Promise<void> => database.transaction((db) => addCarrier(db, id, carrier)),

    /** Writes a signed transaction before it is sent. */
    async carry(reservation: Reservation, carrier: Carrier): Promise<void> {
      await database.transaction(async (db) => {
        if (reservation.state === 'executed')
          await stepReservation(db, { id: reservation.id, from: 'executed', to: 'settling', at: now() });
        await addCarrier(db, reservation.id, carrier);
      });
    },

    /** From `executed` when the authorization turned out to be carried already, by somebody else. */
    settled: (id: number, from: 'executed' | 'settling', transaction: Hex) =>
      step(id, from, 'settled', { transaction, settledAt: now() }, async (db, moved) => {
        await addToTotal(db, moved);
        const { unpaidCount, blockedUntil } = await payerRecord(db, moved);
        if (unpaidCount > 0) await setPayerRecord(db, moved, { unpaidCount: unpaidCount - 1, blockedUntil });
      }),

    /** The payer is kept out for a minute, and twice as long each further time. */
    unpaid: (id: number, from: 'executed' | 'settling', reason: string) =>
      step(id, from, 'unpaid', { reason }, async (db, moved) => {
        const unpaidCount = (await payerRecord(db, moved)).unpaidCount + 1;
        const blockedUntil = now() + Math.min(blockMostMs, blockFirstMs * 2 ** (unpaidCount - 1));
        await setPayerRecord(db, moved, { unpaidCount, blockedUntil });
      }),

    /** The reservation once it is at an end; undefined when `withinMs` has passed or the signal fired before. */
    async ending(id: number, { withinMs, signal }: { withinMs: number; signal?: AbortSignal }): Promise<Reservation | undefined> {
      const waiters = waiting.get(id) ?? new Set();
      waiting.set(id, waiters);
      const news = Promise.withResolvers<Reservation | undefined>();
      waiters.add(news.resolve);
      const giveUp = () => news.resolve(undefined);
      const timer = setTimeout(giveUp, withinMs);
      signal?.addEventListener('abort', giveUp);
      try {
        const current = await getReservation(database.read, id);
        return current && isAtEnd(current.state) ? current : await news.promise;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        waiters.delete(news.resolve);
        if (waiters.size === 0 && waiting.get(id) === waiters) waiting.delete(id);
      }
    },
  };
}

/** Errors: `payment_conflict`. */
export function assertSameRequest(reservation: Reservation, call: { offerId: string; requestHash: string }): void {
  if (isSameRequest(reservation, call)) return;
  throw new PaymentError(
    'payment_conflict',
    'This payment was already presented for another request. One payment is for one request: sign a new one.',
  );
}

export const isSameRequest = (a: { offerId: string; requestHash: string }, b: { offerId: string; requestHash: string }): boolean =>
  a.offerId === b.offerId && a.requestHash === b.requestHash;

const isAtEnd = (state: ReservationState) => state === 'settled' || state === 'released' || state === 'unpaid';
const min = (a: bigint, b: bigint) => (a < b ? a : b);
