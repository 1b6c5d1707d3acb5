import {
  authorizationTypedData,
  encodePaymentPayload,
  toAddress,
  toHex,
  type Address,
  type PaymentRequired,
  type SignTypedData,
} from '@freehold/protocol';
import { boundNonce } from '../binding.ts';
import type { ChosenPayment } from './choose-payment.ts';

/** No seller needs a payment that stays good for longer. */
const longestSeconds = 3_600;

/**
 * Signs the chosen payment and answers the value of the PAYMENT-SIGNATURE header. When the seller tells its offer,
 * the nonce is bound to it (binding.ts). The time window starts at zero, so that a wrong clock does no harm at its start.
 */
export async function createPayment({
  required,
  chosen: { requirement, token },
  account,
  now,
  randomBytes,
}: {
  required: PaymentRequired;
  chosen: ChosenPayment;
  account: { address: Address; signTypedData: SignTypedData };
  /** Milliseconds since the epoch. */
  now: () => number;
  randomBytes: (count: number) => Uint8Array;
}): Promise<string> {
  const offerId = offerOf(required);
  const salt = toHex(randomBytes(32));
  const seconds = Math.min(requirement.maxTimeoutSeconds, longestSeconds);
  const authorization = {
    from: account.address,
    to: toAddress(requirement.payTo),
    value: requirement.amount,
    validAfter: '0',
    validBefore: String(Math.floor(now() / 1000) + seconds),
    nonce: offerId === undefined ? salt : boundNonce({ offerId, salt }),
  };
  const signature = await account.signTypedData(
    authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain }),
  );
  const binding = offerId === undefined ? undefined : { info: { offer: offerId }, salt };
  return encodePaymentPayload({
    x402Version: 2,
    resource: required.resource,
    accepted: requirement,
    payload: { signature, authorization },
    extensions: { ...required.extensions, ...(binding && { freehold: binding }) },
  });
}

function offerOf({ extensions }: PaymentRequired): string | undefined {
  const extension = extensions?.freehold;
  const info = typeof extension === 'object' && extension !== null && 'info' in extension ? extension.info : undefined;
  const offer = typeof info === 'object' && info !== null && 'offer' in info ? info.offer : undefined;
  return typeof offer === 'string' && /^[0-9a-f]{64}$/.test(offer) ? offer : undefined;
}
