import {
  authorizationTypedData,
  exactPayload,
  fromHex,
  hashTypedData,
  toHex,
  type Address,
  type Authorization,
  type Hex,
  type PaymentPayload,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import { boundNonce, bytes32Of, isBoundNonce } from '../../binding.ts';
import { fieldsOf, invalid } from '../../terms.ts';
import { parse } from '../../wire/read-payment.ts';
import { isKeySignature } from './signature.ts';

/** The address whose key made this signature (r, s, v of 65 bytes, v 27 or 28), if any. */
export type Recover = (digest: Uint8Array, signature: Hex) => Address | undefined;

export type Verified = {
  authorization: Authorization;
  signature: Hex;
  digest: Hex;
  requirement: PaymentRequirements;
  /** False when no key made the signature for the payer: only a contract wallet could still vouch for it. */
  isKeySigned: boolean;
};

/**
 * Everything about a payment that can be told without the chain and without the ledger. The domain that was signed comes
 * from our own table of tokens, never from the client.
 *
 * What is bound for stock clients: their signature covers chain, token, payer, payee, amount, time and nonce. The offer is not
 * in it. It is bound by the ledger at the first presentation, and `accepted`, `resource` and `extensions` are held against
 * this offer before (terms.ts), though a thief could rewrite those. For a nonce made by our client see binding.ts.
 *
 * Errors: `payment_malformed`, `payment_invalid`.
 */
export function verifyExact({
  payload,
  extensions,
  requirement,
  tokens,
  offerId,
  recover,
}: {
  payload: PaymentPayload['payload'];
  extensions: PaymentPayload['extensions'];
  requirement: PaymentRequirements;
  tokens: readonly Token[];
  offerId: string;
  recover: Recover;
}): Verified {
  const { authorization, signature: given } = parse(exactPayload, payload);
  if (authorization.to !== requirement.payTo) {
    throw invalid('invalid_exact_evm_payload_recipient_mismatch', `It pays ${authorization.to}, but the seller is ${requirement.payTo}.`);
  }
  if (authorization.value !== requirement.amount) {
    throw invalid(
      'invalid_exact_evm_payload_authorization_value',
      `It is over ${authorization.value} atomic units, but the price is ${requirement.amount}.`,
    );
  }
  checkBinding({ nonce: authorization.nonce, extension: extensions?.freehold, offerId });

  const token = tokens.find(({ network, asset }) => network === requirement.network && asset === requirement.asset);
  if (!token) throw invalid('invalid_network', 'This node does not take that token.');
  const digest = hashTypedData(
    authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain }),
  );
  const signature = normalSignature(given);
  const isKeySigned = isKeySignature(signature) && recover(digest, signature) === authorization.from;
  return { authorization, signature, digest: toHex(digest), requirement, isKeySigned };
}

function checkBinding({ nonce, extension, offerId }: { nonce: Hex; extension: unknown; offerId: string }) {
  if (!isBoundNonce(nonce)) return;
  const salt = bytes32Of(fieldsOf(extension)['salt']);
  const isRight = salt !== undefined && boundNonce({ offerId, salt }) === nonce;
  if (!isRight) throw invalid('invalid_payload', 'Its nonce is bound to another function. Pay for this one anew.');
}

/** Lower case, and v as 27 or 28 where a wallet wrote 0 or 1. */
export function normalSignature(text: string): Hex {
  const bytes = fromHex(text);
  const v = bytes[64];
  if (bytes.length === 65 && v !== undefined && v < 2) bytes[64] = v + 27;
  return toHex(bytes);
}
