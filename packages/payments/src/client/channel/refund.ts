import {
  channelScheme,
  decodePaymentRequired,
  encodePaymentPayload,
  paymentRequiredHeader,
  paymentSignatureHeader,
  type Address,
} from '@freehold/protocol';
import { PaymentError } from '../../error.ts';
import type { ChainReader } from '../chain.ts';
import type { Account } from '../exact.ts';
import type { Locks } from '../lock.ts';
import { settlementIn } from '../purse.ts';
import type { ChannelStore } from '../store.ts';
import { channelIdOf, configOf, readChannel, readChannelState, saveChannel, signVoucher, type ChannelState } from './channel.ts';

export type Refund = {
  refunded: bigint;
  state: ChannelState | undefined;
  transaction: string;
  payTo: Address;
  token: { symbol: string; decimals: number };
};

/**
 * Asks the seller to send back what a channel holds beyond what was charged: all of it, or `amount`. The seller pays for the transaction; one
 * who does not answer cannot keep it for longer than the channel's delay. Errors: `payment_channel`.
 */
export async function refundChannel({
  url,
  amount,
  account,
  channels,
  locks,
  chain,
  now,
  fetch = globalThis.fetch,
  signal,
}: {
  /** A call that is sold on the channel. */
  url: string;
  amount?: bigint;
  account: Account;
  channels: ChannelStore;
  locks: Locks;
  chain: ChainReader;
  now: () => number;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
}): Promise<Refund> {
  const ask = (headers: Record<string, string> = {}) => fetch(url, { headers, redirect: 'manual', ...(signal && { signal }) });
  const answer = await ask();
  await answer.body?.cancel();
  const header = answer.headers.get(paymentRequiredHeader);
  if (answer.status !== 402 || header === null) throw failed(`${url} answered ${answer.status} and asks for no payment.`);
  const required = decodePaymentRequired(header);
  for (const requirement of required.accepts) {
    const config = requirement.scheme === channelScheme ? configOf(requirement, account.address) : undefined;
    if (!config) continue;
    const { network } = requirement;
    const id = channelIdOf(network, config);
    using held = await locks.lock(id);
    if (!held) throw failed('Another program is using the channel. Try again in a moment.');
    const stored = await channels.get(id);
    const onChain = await readChannel(chain, network, id);
    const state = stored === undefined ? undefined : readChannelState(stored);
    const charged = state?.charged ?? onChain?.claimed;
    if (charged === undefined) continue;
    const voucher = await signVoucher(account, { network, id, most: charged });
    const payload = { type: 'refund', channelConfig: config, voucher, ...(amount !== undefined && { amount: String(amount) }) };
    const paid = await ask({
      [paymentSignatureHeader]: encodePaymentPayload({
        x402Version: 2,
        resource: required.resource,
        accepted: requirement,
        payload,
        extensions: required.extensions ?? {},
      }),
    });
    await paid.body?.cancel();
    const settlement = settlementIn({ header: (name) => paid.headers.get(name) ?? undefined });
    if (!settlement?.success) {
      const again = paid.headers.get(paymentRequiredHeader);
      const why = settlement?.errorMessage ?? settlement?.errorReason ?? (again === null ? undefined : decodePaymentRequired(again).error);
      throw failed(`The seller did not refund the channel: ${why ?? `it answered ${paid.status}`}.`);
    }
    const left = (state?.balance ?? onChain?.balance ?? charged) - charged;
    const refunded = amount === undefined || amount > left ? left : amount;
    const next = state && refunded < left ? { ...state, balance: state.balance - refunded } : undefined;
    // What was charged is remembered: the next deposit opens the same channel again.
    if (next) await saveChannel(channels, id, next, now());
    else if (state) await saveChannel(channels, id, { ...state, balance: charged }, now());
    return {
      refunded,
      state: next,
      transaction: settlement.transaction,
      payTo: config.receiver,
      token: state ?? { symbol: 'units', decimals: 0 },
    };
  }
  throw failed(`There is no channel of this wallet for ${url}.`);
}

const failed = (message: string) => new PaymentError('payment_channel', message);
