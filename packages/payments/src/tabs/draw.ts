import type { Database } from '@freehold/database';
import type { Admission } from '../call.ts';
import type { PaymentError } from '../error.ts';
import { isSameRequest } from '../ledger.ts';
import type { Limits } from '../limits.ts';
import type { Reservation } from '../reservation.ts';
import { findReservation } from '../store.ts';
import type { Steps, Tabs, Wanted } from './ledger.ts';
import type { NewTab } from './store.ts';
import { noSignature, type Tab, type TabState } from './tab.ts';

/** Why a voucher does not do now, as its rail says it. `held` is what calls under way may come to. */
export type Refusal = (why: 'out_of_step' | 'beyond_balance' | 'closing' | 'busy', tab: Tab, held: bigint) => PaymentError;

export type Draw = {
  tab: NewTab;
  wanted: Wanted;
  isInStep: Steps;
  /** A deposit that came with the voucher. */
  incoming: bigint;
  refuse: Refusal;
};

export type Drawing = ReturnType<typeof openDrawing>;

/** How a call comes to draw on a tab, whichever rail the tab is of. */
export function openDrawing({
  database,
  tabs,
  resume,
  limits,
  now,
}: {
  database: Database;
  tabs: Tabs;
  resume: (reservation: Reservation) => Promise<Admission>;
  limits: Limits;
  now: () => number;
}) {
  return {
    /** What the chain says of a tab now. */
    async refresh(tab: NewTab, read: () => Promise<TabState>): Promise<Tab> {
      const readAt = now();
      return tabs.note(tab, { ...(await read()), readAt });
    },

    /** A tab that is not known here, and that does not hold what its voucher says, leaves nothing behind: anybody can make up any number of them. */
    async meetNew(tab: NewTab, read: () => Promise<TabState>, { needs, refuse }: { needs: bigint; refuse: Refusal }): Promise<void> {
      const readAt = now();
      const { isOver, ...state } = await read();
      if (state.balance >= needs && state.closingAt === undefined) {
        await tabs.note(tab, { isOver, ...state, readAt });
        return;
      }
      const { claimed } = state;
      const empty = {
        charged: claimed,
        signed: claimed,
        signature: noSignature,
        jobId: undefined,
        unclaimedSince: undefined,
        readAt,
        usedAt: readAt,
      };
      throw refuse(state.closingAt === undefined ? 'beyond_balance' : 'closing', { ...tab, ...state, ...empty }, 0n);
    },

    /** Holds a voucher against a call. Errors: those of `refuse` and `read`. */
    async draw({ tab, wanted, isInStep, incoming, refuse }: Draw, read: () => Promise<TabState>): Promise<Admission> {
      const found = await findReservation(database.read, wanted);
      if (found && found.state !== 'released') return meet(found);
      const known = await tabs.get(tab.id);
      let isFresh = !known || now() - known.readAt > limits.trustTabMs;
      if (!known) await this.meetNew(tab, read, { needs: wanted.tab.cumulative - incoming, refuse });
      else if (isFresh) await this.refresh(tab, read);
      for (;;) {
        const held = await tabs.hold(wanted, { isInStep, incoming, most: limits.openPerTab });
        if (held.kind === 'held') return { kind: 'reserved', reservation: held.reservation };
        if (held.kind === 'existing') return meet(held.reservation);
        // Money may have come, or a withdrawal may be over, since the chain was asked.
        if (isFresh || held.kind === 'busy') throw refuse(held.kind, held.tab, held.held);
        isFresh = true;
        await this.refresh(tab, read);
      }

      /** The same voucher was here before: for the same request it has the same answer, for another one its payer must sign on. */
      async function meet(reservation: Reservation): Promise<Admission> {
        if (isSameRequest(reservation, wanted)) return resume(reservation);
        const { tab: current, held } = await tabs.look(tab.id);
        throw refuse('out_of_step', current, held);
      }
    },
  };
}
