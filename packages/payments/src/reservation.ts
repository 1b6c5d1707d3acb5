import type { Address, Authorization, Hex } from '@freehold/protocol';
import type { Meter } from './charge.ts';

/**
 * The life of an authorization on this node:
 *
 *     reserved → executing → executed → settling → settled
 *        └──────────┴──→ released         └──→ unpaid
 *
 * `released`: nothing was sent to the chain, the payer is unharmed and may present it again for the same request.
 * `unpaid`: the work was done, but the money could not be moved; the result is withheld.
 * What draws on a tab goes from `reserved` to `settled` in one step: the money is there already.
 */
export type ReservationState = 'reserved' | 'executing' | 'executed' | 'settling' | 'settled' | 'released' | 'unpaid';

/** What makes an authorization one authorization. Never its signature: that has several forms. */
export type AuthorizationKey = { network: string; asset: Address; payer: Address; nonce: Hex };

/** One authorization, bound to the first offer and request it was presented for. */
export type Reservation = AuthorizationKey & {
  id: number;
  /** The rail by which it pays. */
  scheme: string;
  payTo: Address;
  /** Atomic units: the most that it may come to; from `executed` on, what it came to. */
  amount: bigint;
  /** The money moves before the work is done; it has moved when there is a transaction. */
  isUpfront: boolean;
  /** How the amount follows from the run; undefined when the price is for the call. */
  meter: Meter | undefined;
  /** Where it draws on a tab: the voucher's place in it, and from `settled` on what all calls came to with this one. */
  tab: { id: Hex; cumulative: bigint; chargedAfter: bigint | undefined } | undefined;
  /** SECONDS since the epoch, as signed. */
  validAfter: string;
  validBefore: string;
  signature: Hex;
  offerId: string;
  taskId: string;
  requestHash: string;
  state: ReservationState;
  /** Where the node keeps the result; set from `executed` on. */
  resultRef: string | undefined;
  /** Why it was released or stayed unpaid. */
  reason: string | undefined;
  /** The transaction that moved the money; set when settled. */
  transaction: Hex | undefined;
  /** Milliseconds since the epoch. */
  reservedAt: number;
  settledAt: number | undefined;
};

export const authorizationOf = ({
  payer,
  payTo,
  amount,
  validAfter,
  validBefore,
  nonce,
}: Pick<Reservation, 'payer' | 'payTo' | 'amount' | 'validAfter' | 'validBefore' | 'nonce'>): Authorization => ({
  from: payer,
  to: payTo,
  value: String(amount),
  validAfter,
  validBefore,
  nonce,
});
