import {
  address,
  escrowErrors,
  escrowOpening,
  escrowVoucherTypedData,
  hashTypedData,
  hexOf,
  toHex,
  type Address,
  type EscrowOpening,
  type Hex,
  type PaymentPayload,
  type PaymentRequirements,
} from '@freehold/protocol';
import { z } from 'zod';
import { invalid } from '../../terms.ts';
import { parse } from '../../wire/read-payment.ts';
import { isKeySignature } from '../exact/signature.ts';
import type { Recover } from '../exact/verify.ts';

/** A grant while it is one: a payer who closes it and opens it again has another. */
export type GrantId = { id: Hex; payer: Address; provider: Address; epoch: number };

export type VerifiedGrantVoucher = {
  grant: GrantId;
  cumulative: bigint;
  signature: Hex;
  /** Who has signed it; whether his vouchers count, the chain says. */
  signer: Address;
  /** What names it: no two vouchers have the same. */
  digest: Hex;
  opening: EscrowOpening | undefined;
};

/** The part that differs from call to call. */
const voucherPart = z.object({
  cumulative: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,38})$/, 'must be a whole number of atomic units')
    .refine((text) => BigInt(text) < 1n << 128n, 'must fit in 128 bits'),
  signature: hexOf(65),
  opening: escrowOpening.optional(),
});
const grantPart = z.object({ payer: address, provider: address, epoch: z.number().int().min(0).max(0xffff_ffff) });

/** Whoever calls again comes with the same grant, and most of the work of reading it is that of its addresses. */
const mostGrants = 1_000;

/** Everything about a payment from a grant that can be told without the chain and without the ledger. */
export function openGrantVerifier({ recover, escrowOn }: { recover: Recover; escrowOn: (network: string) => Address }) {
  const known = new Map<string, GrantId>();

  function grantOf({ payer, provider, epoch }: PaymentPayload['payload'], network: string): GrantId {
    const key = `${network} ${String(payer)} ${String(provider)} ${String(epoch)}`;
    const found = known.get(key);
    if (found) return found;
    const parties = parse(grantPart, { payer, provider, epoch });
    const grant = { ...parties, id: toHex(digestOf(parties, '0', network)) };
    if (known.size >= mostGrants) known.clear();
    known.set(key, grant);
    return grant;
  }

  const digestOf = ({ payer, provider, epoch }: Omit<GrantId, 'id'>, cumulative: string, network: string): Uint8Array =>
    hashTypedData(escrowVoucherTypedData(network, escrowOn(network), { payer, provider, epoch, cumulative }));

  /** Errors: `payment_malformed`, `payment_invalid`. */
  return function verify(payload: PaymentPayload['payload'], { network, payTo }: PaymentRequirements): VerifiedGrantVoucher {
    const grant = grantOf(payload, network);
    const { cumulative, signature, opening } = parse(voucherPart, payload);
    if (grant.provider !== payTo) throw invalid(escrowErrors.provider, `Its grant is for ${grant.provider}, but the seller is ${payTo}.`);
    const digest = digestOf(grant, cumulative, network);
    const signer = isKeySignature(signature) ? recover(digest, signature) : undefined;
    if (!signer) throw invalid(escrowErrors.signature, 'Its voucher is not signed by a key.');
    return { grant, cumulative: BigInt(cumulative), signature, signer, digest: toHex(digest), opening };
  };
}
