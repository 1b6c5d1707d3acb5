import {
  channelConfig,
  channelErrors,
  channelPayload,
  channelTypedData,
  channelVoucherTypedData,
  hashTypedData,
  toHex,
  zeroAddress,
  type ChannelConfig,
  type ChannelPayload,
  type Hex,
  type PaymentPayload,
  type PaymentRequirements,
} from '@freehold/protocol';
import { invalid } from '../../terms.ts';
import { parse } from '../../wire/read-payment.ts';
import { isKeySignature } from '../exact/signature.ts';
import type { Recover } from '../exact/verify.ts';

export type Channel = { id: Hex; config: ChannelConfig };

export type VerifiedVoucher = {
  channel: Channel;
  payload: ChannelPayload;
  /** All that may be claimed from the channel with it. */
  cumulative: bigint;
  /** What names it: no two vouchers have the same. */
  digest: Hex;
};

/** Whoever calls again comes with the same channel, and most of the work of reading it is that of its addresses. */
const mostChannels = 1_000;

/** Everything about a payment from a channel that can be told without the chain and without the ledger. */
export function openChannelVerifier({ recover }: { recover: Recover }) {
  const known = new Map<string, Channel>();

  function channelOf(given: unknown, network: string): Channel {
    const key = `${network} ${JSON.stringify(given)}`;
    const found = known.get(key);
    if (found) return found;
    const config = parse(channelConfig, given);
    const channel = { id: toHex(hashTypedData(channelTypedData(network, config))), config };
    if (known.size >= mostChannels) known.clear();
    known.set(key, channel);
    return channel;
  }

  /** Errors: `payment_malformed`, `payment_invalid`. */
  return function verify({
    payload: given,
    requirement,
  }: {
    payload: PaymentPayload['payload'];
    requirement: PaymentRequirements;
  }): VerifiedVoucher {
    const payload = parse(channelPayload, given);
    const { network } = requirement;
    const channel = channelOf(payload.channelConfig, network);
    assertTerms(channel.config, requirement);
    const { voucher } = payload;
    if (voucher.channelId !== channel.id) throw invalid(channelErrors.channelId, 'Its voucher is for another channel than it describes.');
    const digest = hashTypedData(channelVoucherTypedData(network, voucher));
    if (!isKeySignature(voucher.signature) || recover(digest, voucher.signature) !== channel.config.payerAuthorizer)
      throw invalid(channelErrors.signature, 'Its voucher is not signed by the key that the channel names.');
    return { channel, payload, cumulative: BigInt(voucher.maxClaimableAmount), digest: toHex(digest) };
  };
}

function assertTerms(
  { receiver, token, receiverAuthorizer, withdrawDelay, payerAuthorizer }: ChannelConfig,
  { payTo, asset, extra }: PaymentRequirements,
) {
  if (receiver !== payTo) throw invalid(channelErrors.receiver, `Its channel pays ${receiver}, but the seller is ${payTo}.`);
  if (token !== asset) throw invalid(channelErrors.token, `Its channel holds ${token}, but the price is in ${asset}.`);
  if (receiverAuthorizer !== extra['receiverAuthorizer'])
    throw invalid(
      channelErrors.receiverAuthorizer,
      'Its channel can be claimed by another node only. Open one with the receiverAuthorizer of these terms.',
    );
  if (withdrawDelay !== extra['withdrawDelay'])
    throw invalid(
      channelErrors.withdrawDelay,
      `Its channel can be emptied after ${withdrawDelay} seconds, and this node asks for ${String(extra['withdrawDelay'])}.`,
    );
  if (payerAuthorizer === zeroAddress)
    throw invalid(
      channelErrors.signature,
      'Its vouchers would have to be vouched for by a contract. Name a key as payerAuthorizer; the wallet itself may be a contract.',
    );
}
