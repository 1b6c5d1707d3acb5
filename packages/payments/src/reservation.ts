import type { Address, Authorization, Hex } from '@freehold/protocol';

/**
 * The life of an authorization on this node:
 *
 *     reserved → executing → executed → settling → settled
 *        └──────────┴──→ released         └──→ unpaid
 *
 * `released`: nothing was sent to the chain, the payer is unharmed and may present it again for the same request.
 * `unpaid`: the work was done, but the money could not be moved; the result is withheld.
 */
export type ReservationState = 'reserved' | 'executing' | 'executed' | 'settling' | 'settled' | 'released' | 'unpaid';

/** What makes an authorization one authorization. Never its signature: that has several forms. */
export type AuthorizationKey = { network: string; asset: Address; payer: Address; nonce: Hex };

/** One authorization, bound to the first offer and request it was presented for. */
export type Reservation = AuthorizationKey & {
  id: number;
  payTo: Address;
  /** Atomic units. */
  amount: bigint;
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

export const authorizationOf = ({ payer, payTo, amount, validAfter, validBefore, nonce }: Reservation): Authorization => ({
  from: payer,
  to: payTo,
  value: String(amount),
  validAfter,
  validBefore,
  nonce,
});
