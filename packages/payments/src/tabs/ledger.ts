import type { Database } from '@freehold/database';
import type { Hex } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import type { Ledger } from '../ledger.ts';
import type { Reservation } from '../reservation.ts';
import { addReservation, findReservation, type NewReservation } from '../store.ts';
import { getTab, heldOn, putTabState, raiseSigned, setCharged, setClaimed, setJob, type NewTab } from './store.ts';
import type { Tab, TabState } from './tab.ts';

/** A voucher that is to be held: what it is for, and its place in the tab. */
export type Wanted = NewReservation & { tab: { id: Hex; cumulative: bigint; chargedAfter: undefined } };

export type Held =
  | { kind: 'held'; reservation: Reservation }
  /** The same voucher was here before. */
  | { kind: 'existing'; reservation: Reservation }
  /** It is below what is charged and held with this call, or far above. */
  | { kind: 'out_of_step'; tab: Tab; held: bigint }
  | { kind: 'beyond_balance'; tab: Tab; held: bigint }
  | { kind: 'closing'; tab: Tab }
  | { kind: 'busy'; tab: Tab };

/** What a rail lets a voucher be; `needed` is everything charged and held on the tab with this call. */
export type Steps = (voucher: { cumulative: bigint; needed: bigint; amount: bigint; tab: Tab }) => boolean;

export type Tabs = ReturnType<typeof openTabs>;

/** The steps of calls that draw on tabs. Of a voucher the highest is durable before anything is run on it. */
export function openTabs({ database, ledger, node, now }: { database: Database; ledger: Ledger; node: string; now: () => number }) {
  return {
    get: (id: Hex): Promise<Tab | undefined> => getTab(database.read, id),

    /** What the chain says of a tab. */
    note: (tab: NewTab, state: TabState & { readAt: number }): Promise<Tab> =>
      database.transaction((db) => putTabState(db, tab, state, node)),

    /** Takes a voucher for a call, once. `incoming` is a deposit that is on its way and must arrive before the call runs. */
    hold: (wanted: Wanted, { isInStep, incoming, most }: { isInStep: Steps; incoming: bigint; /** Calls at a time. */ most: number }): Promise<Held> =>
      database.transaction(async (db): Promise<Held> => {
        const existing = await findReservation(db, wanted);
        if (existing && existing.state !== 'released') return { kind: 'existing', reservation: existing };
        const { id, cumulative } = wanted.tab;
        const tab = await getTab(db, id);
        if (!tab) throw new PaymentError('payment_state', 'A voucher is held on a tab that is not known.');
        if (tab.closingAt !== undefined) return { kind: 'closing', tab };
        const held = await heldOn(db, id);
        if (tab.jobId !== undefined || held.count >= most) return { kind: 'busy', tab };
        const { amount } = wanted;
        const needed = tab.charged + held.amount + amount;
        if (!isInStep({ cumulative, needed, amount, tab })) return { kind: 'out_of_step', tab, held: held.amount };
        const highest = cumulative > tab.signed;
        if (larger(cumulative, tab.signed) > tab.balance + incoming) return { kind: 'beyond_balance', tab, held: held.amount };
        await raiseSigned(db, {
          id,
          signed: highest ? cumulative : tab.signed,
          signature: highest || tab.signature === '0x' ? wanted.signature : tab.signature,
          usedAt: wanted.reservedAt,
        });
        const reservation = existing ? await ledger.takeAgain(db, existing, wanted) : await addReservation(db, wanted, node);
        return { kind: 'held', reservation };
      }),

    /** The call has its result, and is charged: durable in one step, with the sum of the tab. */
    charge: ({ id, tab }: Reservation, { resultRef, amount }: { resultRef: string; amount: bigint }): Promise<Reservation> =>
      ledger.charge(id, { resultRef, amount }, async (db) => {
        const current = tab && (await getTab(db, tab.id));
        if (!current) throw new PaymentError('payment_state', 'A call is charged on a tab that is not known.');
        const charged = current.charged + amount;
        await setCharged(db, { id: current.id, charged, at: now() });
        return charged;
      }),

    /** Nothing new is held on a tab while a job changes it; answers whether none was under way, nor any call. */
    lock: (id: Hex, jobId: number): Promise<boolean> =>
      database.transaction(async (db) => {
        const tab = await getTab(db, id);
        if (!tab || tab.jobId !== undefined || (await heldOn(db, id)).count > 0) return false;
        await setJob(db, id, jobId);
        return true;
      }),
    unlock: (id: Hex): Promise<void> => database.transaction((db) => setJob(db, id, undefined)),

    claimed: (claims: readonly { id: Hex; claimed: bigint }[]): Promise<void> =>
      database.transaction(async (db) => {
        for (const claim of claims) await setClaimed(db, { ...claim, at: now() });
      }),
  };
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
