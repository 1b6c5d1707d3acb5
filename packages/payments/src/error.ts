import { FreeholdError } from '@freehold/protocol';

export type PaymentErrorCode =
  /** No payment came with the call (402). */
  | 'payment_required'
  /** The header is not a payment at all (400). */
  | 'payment_malformed'
  /** A payment, but not one for this call; `details.errorReason` has x402's word for it (402). */
  | 'payment_invalid'
  /** It would expire before the work is done and settled (402). */
  | 'payment_expired'
  /** This authorization was already presented for another request (409). */
  | 'payment_conflict'
  /** The payer has not the money, or has too much unsettled (402). */
  | 'payment_exposure'
  /** The work was done, but the money was gone (402). */
  | 'payment_unpaid'
  /** A voucher that does not follow on what its tab has come to; the correction says where it is (402). */
  | 'payment_out_of_step'
  /** The node cannot take payments now: no chain, or none that the offer names (503). */
  | 'payment_unavailable'
  /** A step was taken twice or out of order: a defect of the caller within the node (500). */
  | 'payment_state'
  /** Client: no way to pay is one this wallet knows and its owner allows. */
  | 'payment_no_option'
  /** Client: the price passes what the owner allows. */
  | 'payment_over_budget'
  /** Client: a budget that cannot be read. */
  | 'budget_malformed'
  /** Client: terms that cannot be read. */
  | 'terms_malformed'
  /** Client: a channel or a grant that does not do what was asked of it. */
  | 'payment_channel';

const status: Record<PaymentErrorCode, number> = {
  payment_required: 402,
  payment_malformed: 400,
  payment_invalid: 402,
  payment_expired: 402,
  payment_conflict: 409,
  payment_exposure: 402,
  payment_unpaid: 402,
  payment_out_of_step: 402,
  payment_unavailable: 503,
  payment_state: 500,
  payment_no_option: 402,
  payment_over_budget: 402,
  budget_malformed: 400,
  terms_malformed: 402,
  payment_channel: 409,
};

/** What a client that is out of step needs to know: added to the terms of that way to pay. */
export type Correction = { scheme: string; network: string; asset: string; extra: Record<string, unknown> };

/** `details.errorReason` is the word that x402 clients look for, where x402 has one. */
export class PaymentError extends FreeholdError<PaymentErrorCode> {
  readonly correction: Correction | undefined;

  constructor(
    code: PaymentErrorCode,
    message: string,
    { errorReason, correction, cause }: { errorReason?: string; correction?: Correction; cause?: unknown } = {},
  ) {
    super(code, status[code], message, { cause, ...(errorReason === undefined ? {} : { details: { errorReason } }) });
    this.correction = correction;
  }
}
