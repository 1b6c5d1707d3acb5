import {
  authorizationTypedData,
  decodePaymentRequired,
  encodePaymentPayload,
  hashTypedData,
  paymentRequiredHeader,
  toHex,
  type Authorization,
  type PaymentRequired,
  type Token,
} from '@freehold/protocol';
import type { PrivateKeyAccount } from 'viem/accounts';

/** Asks for the terms of a call. */
export async function termsOf(url: string, init: RequestInit = {}): Promise<PaymentRequired> {
  const response = await fetch(url, init);
  const header = response.headers.get(paymentRequiredHeader);
  if (response.status !== 402 || header === null) throw new Error(`Expected terms, got ${response.status} ${await response.text()}`);
  await response.body?.cancel();
  return decodePaymentRequired(header);
}

/** What a stock client would send, with any part of the authorization or of the payload changed. */
export async function paymentFor(
  payer: PrivateKeyAccount,
  terms: PaymentRequired,
  token: Token,
  { authorization = {}, payload = {} }: { authorization?: Partial<Authorization>; payload?: Record<string, unknown> } = {},
): Promise<string> {
  const [accepted] = terms.accepts;
  if (!accepted) throw new Error('The terms accept nothing');
  const message: Authorization = {
    from: payer.address,
    to: accepted.payTo as Authorization['to'],
    value: accepted.amount,
    validAfter: '0',
    validBefore: String(Math.floor(Date.now() / 1000) + accepted.maxTimeoutSeconds),
    nonce: toHex(crypto.getRandomValues(new Uint8Array(32))),
    ...authorization,
  };
  const digest = toHex(hashTypedData(authorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain })));
  return encodePaymentPayload({
    x402Version: 2,
    resource: terms.resource,
    accepted,
    payload: { signature: await payer.sign({ hash: digest }), authorization: message },
    ...payload,
  });
}
