import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { escrowOpenNonce } from '@freehold/contracts';
import {
  encodePaymentPayload,
  escrowScheme,
  escrowVoucherTypedData,
  hashTypedData,
  receiveAuthorizationTypedData,
  toAddress,
  toHex,
  zeroAddress,
  type EscrowVoucher,
  type PaymentRequired,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import type { Account } from './world.ts';

/** What a payer of grants sends: any part of it can be changed before it is signed. */
export function openPayingGrant({
  required,
  payer,
  session,
  token,
  epoch = 0,
}: {
  required: PaymentRequired;
  payer: Account;
  /** Signs the vouchers instead of the payer. */
  session?: Account;
  token: Token;
  epoch?: number;
}) {
  const accepted = required.accepts.find(({ scheme }) => scheme === escrowScheme);
  assert(accepted, 'no grant is offered');
  const requirement: PaymentRequirements = accepted;
  const escrow = toAddress(String(requirement.extra['escrow']));
  const provider = toAddress(requirement.payTo);
  const { network } = token;

  const wrap = (payload: Record<string, unknown>): string =>
    encodePaymentPayload({ x402Version: 2, resource: required.resource, accepted: requirement, payload });

  async function sign(cumulative: bigint, { by = session ?? payer, ...changes }: Partial<EscrowVoucher> & { by?: Account } = {}) {
    const voucher = { payer: payer.address, provider, epoch, cumulative: String(cumulative), ...changes };
    return { ...voucher, signature: await by.signDigest(hashTypedData(escrowVoucherTypedData(network, escrow, voucher))) };
  }

  return {
    escrow,
    provider,
    requirement,
    wrap,
    sign,
    voucher: async (cumulative: bigint, changes?: Parameters<typeof sign>[1]): Promise<string> => wrap(await sign(cumulative, changes)),
    async open(
      budget: bigint,
      cumulative: bigint,
      more: { priceCap?: bigint; amount?: bigint; validAfter?: bigint; validBefore?: bigint; by?: Account } = {},
    ): Promise<string> {
      const {
        priceCap = budget,
        amount = budget,
        validAfter = 0n,
        validBefore = BigInt(Math.floor(Date.now() / 1000) + 120),
        by = payer,
      } = more;
      const terms = {
        payer: payer.address,
        provider,
        priceCap,
        budget,
        signer: session?.address ?? zeroAddress,
        salt: toHex(randomBytes(32)),
      };
      const times = { validAfter: String(validAfter), validBefore: String(validBefore) };
      const message = { from: payer.address, to: escrow, value: String(amount), ...times, nonce: escrowOpenNonce(terms) };
      const signature = await by.signDigest(
        hashTypedData(receiveAuthorizationTypedData({ message, asset: token.asset, caip2: network, domain: token.domain })),
      );
      const { signer, salt } = terms;
      const opening = { priceCap: String(priceCap), budget: String(budget), signer, amount: String(amount), ...times, salt, signature };
      return wrap({ ...(await sign(cumulative)), opening });
    },
  };
}
