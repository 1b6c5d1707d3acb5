import type { Database } from '@freehold/database';
import type { Hex } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import type { Ledger } from '../ledger.ts';
import type { Reservation } from '../reservation.ts';
import { addReservation, findReservation, type NewReservation } from '../store.ts';
import { getTab, heldOn, putTabState, raiseSigned, setCharged, type NewTab } from './store.ts';
import { noSignature, type Tab, type TabState } from './tab.ts';

/** A voucher that is to be held: what it is for, and its place in the tab. */
export type Wanted = NewReservation & { tab: { id: Hex; cumulative: bigint; chargedAfter: undefined } };

export type Held =
  | { kind: 'held'; reservation: Reservation }
  /** The same voucher was here before. */
  | { kind: 'existing'; reservation: Reservation }
  /** `out_of_step`: it is below what is charged and held with this call, or far above. `held`: what calls under way may come to. */
  | { kind: 'out_of_step' | 'beyond_balance' | 'closing' | 'busy'; tab: Tab; held: bigint };

/** What a rail lets a voucher be; `needed` is everything charged and held on the tab with this call. */
export type Steps = (voucher: { cumulative: bigint; needed: bigint; amount: bigint; tab: Tab }) => boolean;

export type Tabs = ReturnType<typeof openTabs>;

/** The steps of calls that draw on tabs. Of a voucher the highest is durable before anything is run on it. */
export function openTabs({ database, ledger, node, now }: { database: Database; ledger: Ledger; node: string; now: () => number }) {
  return {
    get: (id: Hex): Promise<Tab | undefined> => getTab(database.read, id),
    /** A tab with what its calls under way may come to. */
    async look(id: Hex): Promise<{ tab: Tab; held: bigint }> {
      const [tab, { amount: held }] = await Promise.all([getTab(database.read, id), heldOn(database.read, id)]);
      if (!tab) throw new PaymentError('payment_state', 'A payment draws on a tab that is not known.');
      return { tab, held };
    },

    /** What the chain says of a tab. */
    note: (tab: NewTab, state: TabState & { readAt: number }): Promise<Tab> =>
      database.transaction((db) => putTabState(db, tab, state, node)),

    /** Takes a voucher for a call, once. `incoming` is a deposit that is on its way and must arrive before the call runs. */
    hold: (
      wanted: Wanted,
      { isInStep, incoming, most }: { isInStep: Steps; incoming: bigint; /** Calls at a time. */ most: number },
    ): Promise<Held> =>
      database.transaction(async (db): Promise<Held> => {
        const existing = await findReservation(db, wanted);
        if (existing && existing.state !== 'released') return { kind: 'existing', reservation: existing };
        const { id, cumulative } = wanted.tab;
        const tab = await getTab(db, id);
        if (!tab) throw new PaymentError('payment_state', 'A voucher is held on a tab that is not known.');
        const { amount: held, count } = await heldOn(db, id);
        const { amount } = wanted;
        const needed = tab.charged + held + amount;
        const refused = (kind: 'out_of_step' | 'beyond_balance' | 'closing' | 'busy'): Held => ({ kind, tab, held });
        if (tab.closingAt !== undefined) return refused('closing');
        if (tab.jobId !== undefined || count >= most) return refused('busy');
        if (!isInStep({ cumulative, needed, amount, tab })) return refused('out_of_step');
        if (larger(cumulative, needed) > tab.balance + incoming) return refused('beyond_balance');
        const isHighest = cumulative > tab.signed || tab.signature === noSignature;
        await raiseSigned(db, {
          id,
          signed: isHighest ? cumulative : tab.signed,
          signature: isHighest ? wanted.signature : tab.signature,
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
  };
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
