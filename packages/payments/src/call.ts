import type { Address, Hex, Offer, SettleResponse } from '@freehold/protocol';
import type { Reservation } from './reservation.ts';

/** One paid call, as its route knows it. */
export type PaidCall = {
  /** The PAYMENT-SIGNATURE header, as it came. */
  header: string | undefined;
  /** As it is sold for this call: its prices are the most that the call may come to. */
  offer: Offer;
  /** As its seller signed it, where a price is per second or per million instructions. */
  signed?: Offer;
  offerId: string;
  /** Where the function is called, as in the `resource.url` of the 402 answer; its path counts. */
  url: string;
  taskId: string;
  /** Hash of everything of the request that the result depends on; see `requestHashOf`. */
  requestHash: string;
};

/** What a payment says of itself. */
export type Payer = {
  payer: Address;
  nonce: Hex;
  /** A key made the signature for the payer. */
  isProven: boolean;
  /** Milliseconds since the epoch: begun later, the work could not be settled in time. */
  startBefore: number;
};

export type Admission =
  /** The caller is to run the task: `begin`, then `executed` and `settle`, or `release`. */
  | { kind: 'reserved'; reservation: Reservation }
  /** The same payment for the same request is under way, or done and not yet paid: wait with `outcome`. */
  | { kind: 'joined'; reservation: Reservation }
  /** The same payment for the same request is paid: answer again with the result it has. */
  | { kind: 'settled'; reservation: Reservation; response: SettleResponse };

export type Outcome =
  | { kind: 'settled'; reservation: Reservation; response: SettleResponse }
  /** The result is withheld. */
  | { kind: 'unpaid'; reservation: Reservation; response: SettleResponse }
  /** Nothing was charged; the same payment may be sent again. */
  | { kind: 'released'; reservation: Reservation; reason: string }
  /** Not known yet. Answer 202; the same request with the same payment finds the end of it. Never ask for another payment. */
  | { kind: 'pending'; reservation: Reservation };
