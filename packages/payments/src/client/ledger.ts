import type { Address, Hex, Token } from '@freehold/protocol';
import type { Spent } from './budget.ts';

/**
 * - `sent`: promised, and no end is known: the answer is under way, or never came.
 * - `refused`: the seller said no. What was signed could still be cashed, so both count as spent until `free` or `paid` is known.
 * - `paid`: charged. `free`: nothing was or ever can be charged.
 */
export type PaymentState = 'sent' | 'refused' | 'paid' | 'free';

/** One payment as its payer remembers it. */
export type SpendEntry = {
  id: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** What shares a budget: the name of a session, or a name that one command made up. */
  session: string;
  /** Without its query, which may hold secrets. */
  url: string;
  method: string;
  scheme: string;
  token: Pick<Token, 'network' | 'asset' | 'symbol' | 'decimals'>;
  payer: Address;
  payTo: Address;
  /** The most that it may take, in atomic units. */
  amount: bigint;
  /** What counts against budgets: the amount until its end is known, then what was charged. */
  charged: bigint;
  state: PaymentState;
  /** The nonce of the authorization, or the id of the channel or grant. */
  reference: Hex;
  /** After this nobody can cash what was signed; undefined for vouchers, which never expire. Milliseconds since the epoch. */
  expiresAt: number | undefined;
  transaction: string | undefined;
  reason: string | undefined;
};

export type NewSpend = Omit<SpendEntry, 'id' | 'charged' | 'state' | 'transaction' | 'reason'>;

export type Ending = { state: Exclude<PaymentState, 'sent'>; charged: bigint; transaction?: string; reason?: string };

/**
 * What a wallet has promised and paid. One of them is shared by every process of a person, so `reserve` decides and writes as one step
 * that no other process can come between.
 */
export type SpendLedger = {
  /**
   * Writes the payment down before its signature leaves. `admit` is told what the session has spent, and throws when it may not spend more:
   * then nothing is written.
   */
  reserve(payment: NewSpend, admit: (spent: readonly Spent[]) => void): Promise<number>;
  conclude(id: number, ending: Ending): Promise<void>;
  /**
   * What was promised on a channel or grant before this payment and never taken counts no more: a voucher takes the place of those before it.
   */
  supersede(reference: Hex, by: { before: number; states: readonly PaymentState[] }): Promise<void>;
  spent(session: string): Promise<Spent[]>;
  /** Newest first. */
  list(filter: SpendFilter): Promise<SpendEntry[]>;
};

export type SpendFilter = { session?: string; state?: PaymentState; payTo?: Address; reference?: Hex; since?: number; limit: number };

/** By how much the clock of a chain may be behind ours. */
const clockSkewMs = 120_000;

/** Whether what was signed may still be brought to the chain. A voucher always may. */
export const canBeCashed = ({ expiresAt }: Pick<SpendEntry, 'expiresAt'>, now: number): boolean =>
  expiresAt === undefined || expiresAt + clockSkewMs > now;

/** How an entry ends whose voucher another one has taken the place of. */
export const superseded = { state: 'free', charged: 0n, reason: 'a later voucher took its place' } as const satisfies Ending;

/** A ledger that lasts as long as the program. */
export function openMemoryLedger(): SpendLedger {
  const entries: SpendEntry[] = [];
  const spentOf = (session: string): Spent[] =>
    entries.filter((entry) => entry.session === session).map(({ token, charged }) => ({ token, amount: charged }));
  return {
    async reserve(payment, admit) {
      admit(spentOf(payment.session));
      const id = entries.length + 1;
      entries.push({ ...payment, id, charged: payment.amount, state: 'sent', transaction: undefined, reason: undefined });
      return id;
    },
    async conclude(id, { state, charged, transaction, reason }) {
      const entry = entries[id - 1];
      if (entry) Object.assign(entry, { state, charged, transaction, reason });
    },
    async supersede(reference, { before, states }) {
      for (const entry of entries)
        if (entry.reference === reference && entry.id < before && states.includes(entry.state)) Object.assign(entry, superseded);
    },
    spent: async (session) => spentOf(session),
    async list({ since = 0, limit, ...filter }) {
      const { session, state, payTo, reference } = filter;
      const wanted = (entry: SpendEntry) =>
        entry.at >= since &&
        (session === undefined || entry.session === session) &&
        (state === undefined || entry.state === state) &&
        (payTo === undefined || entry.payTo === payTo) &&
        (reference === undefined || entry.reference === reference);
      return entries.filter(wanted).toReversed().slice(0, limit);
    },
  };
}
