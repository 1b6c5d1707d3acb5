import { encodePaymentPayload, type PaymentRequired } from '@freehold/protocol';
import type { ChosenPayment } from './choose-payment.ts';
import { signExact, type Account } from './exact.ts';

/** Signs one payment of the scheme `exact` and answers the value of the PAYMENT-SIGNATURE header, without a ledger (see `openPurse`). */
export async function createPayment({
  required,
  chosen: { requirement, token },
  ...by
}: {
  required: PaymentRequired;
  chosen: ChosenPayment;
  account: Account;
  /** Milliseconds since the epoch. */
  now: () => number;
  randomBytes: (count: number) => Uint8Array;
}): Promise<string> {
  const { payload, extensions } = await signExact({ required, requirement, token, ...by });
  return encodePaymentPayload({
    x402Version: 2,
    resource: required.resource,
    accepted: requirement,
    payload,
    extensions: { ...required.extensions, ...extensions },
  });
}
