import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  channelContracts,
  channelScheme,
  channelTypedData,
  channelVoucherTypedData,
  encodePaymentPayload,
  hashTypedData,
  receiveAuthorizationTypedData,
  toAddress,
  toHex,
  type ChannelConfig,
  type Hex,
  type PaymentRequired,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import { depositNonce } from '../rails/channel/deposit.ts';
import type { Account } from './world.ts';

export type PayingChannel = ReturnType<typeof openPayingChannel>;

/** What a payer of channels sends, by the specification and not by our own client: any part of it can be changed before it is signed. */
export function openPayingChannel({
  required,
  payer,
  voucherSigner = payer,
  token,
  config: changes = {},
}: {
  required: PaymentRequired;
  payer: Account;
  voucherSigner?: Account;
  token: Token;
  config?: Partial<ChannelConfig>;
}) {
  const accepted = required.accepts.find(({ scheme }) => scheme === channelScheme);
  assert(accepted, 'no channel is offered');
  const requirement: PaymentRequirements = accepted;
  const config: ChannelConfig = {
    payer: payer.address,
    payerAuthorizer: voucherSigner.address,
    receiver: toAddress(requirement.payTo),
    receiverAuthorizer: toAddress(String(requirement.extra['receiverAuthorizer'])),
    token: token.asset,
    withdrawDelay: Number(requirement.extra['withdrawDelay']),
    salt: toHex(randomBytes(32)),
    ...changes,
  };
  const { network } = token;
  const id = toHex(hashTypedData(channelTypedData(network, config)));

  const sign = async (cumulative: bigint, by: Account = voucherSigner) => {
    const voucher = { channelId: id, maxClaimableAmount: String(cumulative) };
    return { ...voucher, signature: await by.signDigest(hashTypedData(channelVoucherTypedData(network, voucher))) };
  };
  const wrap = (payload: Record<string, unknown>, terms: PaymentRequirements = requirement): string =>
    encodePaymentPayload({ x402Version: 2, resource: required.resource, accepted: terms, payload });

  return {
    config,
    id,
    requirement,
    sign,
    wrap,
    voucher: async (cumulative: bigint, by?: Account): Promise<string> =>
      wrap({ type: 'voucher', channelConfig: config, voucher: await sign(cumulative, by) }),
    async deposit(
      amount: bigint,
      cumulative: bigint,
      authorized: { validAfter?: bigint; validBefore?: bigint; by?: Account } = {},
    ): Promise<string> {
      const { validAfter = 0n, validBefore = BigInt(Math.floor(Date.now() / 1000) + 120), by = payer } = authorized;
      const salt: Hex = toHex(randomBytes(32));
      const deposit = {
        amount: String(amount),
        authorization: {
          erc3009Authorization: { validAfter: String(validAfter), validBefore: String(validBefore), salt, signature: '0x' as Hex },
        },
      };
      const message = {
        from: payer.address,
        to: toAddress(channelContracts.erc3009Collector),
        value: deposit.amount,
        validAfter: String(validAfter),
        validBefore: String(validBefore),
        nonce: depositNonce({ channel: { id, config }, deposit }),
      };
      const signature = await by.signDigest(
        hashTypedData(receiveAuthorizationTypedData({ message, asset: token.asset, caip2: network, domain: token.domain })),
      );
      const { erc3009Authorization } = deposit.authorization;
      return wrap({
        type: 'deposit',
        channelConfig: config,
        voucher: await sign(cumulative),
        deposit: { ...deposit, authorization: { erc3009Authorization: { ...erc3009Authorization, signature } } },
      });
    },
    refund: async (charged: bigint, amount?: bigint): Promise<string> =>
      wrap({
        type: 'refund',
        channelConfig: config,
        voucher: await sign(charged),
        ...(amount !== undefined && { amount: String(amount) }),
      }),
  };
}
