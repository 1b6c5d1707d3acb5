import type { Offer, PaymentRequirements, SettleResponse } from '@freehold/protocol';
import type { Admission, PaidCall } from './call.ts';
import type { Presented } from './wire/read-payment.ts';
import type { AuthorizationKey, Reservation } from './reservation.ts';

/** What a payment says of itself, once a rail has found it to be one for this offer. The chain and the ledger were not asked. */
export type Tender = {
  key: AuthorizationKey;
  /** A key made the signature for the payer. False for what only a contract wallet could vouch for. */
  isProven: boolean;
  /** SECONDS since the epoch until which it is good. */
  validBefore: string;
  /** Holds the money against the call. Errors: those of `payments.admit`. */
  admit(call: Omit<PaidCall, 'header'>): Promise<Admission>;
  /** Set when it asks for money back instead of buying anything. Errors: `payment_invalid`, `payment_unavailable`. */
  giveBack?: () => Promise<SettleResponse>;
};

export type Given = Presented & {
  /** Which of the rail's terms it accepts. */
  requirement: PaymentRequirements;
  offer: Offer;
  offerId: string;
  url: string;
};

/**
 * A way to pay, as `payments.ts` sees it: its terms, what it makes of a payment, how a reservation that has its result comes to an end, and
 * what the payer is told then. `exact` is one authorization per call; a channel and an escrow grant are tabs, see `tabs/`.
 */
export type Rail = {
  scheme: string;
  /** They follow from the offer and the node's configuration alone, so a payment can be held against them later. */
  requirements(offer: Offer): PaymentRequirements[];
  /** Errors: `payment_malformed`, `payment_invalid`. */
  present(given: Given): Tender;
  /** The result is stored: the price of the call is known. In a rail that needs the chain for each call, this does not move money yet. */
  executed(reservation: Reservation, done: { resultRef: string; amount: bigint }): Promise<Reservation>;
  /** Ends a reservation that an earlier process left without a result; only where that needs more than to release it. */
  abandon?: (reservation: Reservation) => Promise<void>;
  /** Moves the money of what is executed, and writes how it ended. It goes on until the chain has answered, or until the node stops. */
  settle(reservation: Reservation): Promise<void>;
  /** What the PAYMENT-RESPONSE header says of a reservation at its end. */
  respond(reservation: Reservation): Promise<SettleResponse>;
};
