import { PaymentError, readChannelState, refundChannel, sayAmount, withdrawChannel, type ChannelState } from '@freehold/payments';
import { parseUnits } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import { print, table } from '../output.ts';
import { openBooks } from '../pay/open-wallet.ts';

type Options = { key?: string; json?: boolean };

/** `channel list`: what was deposited for sellers, and what is left of it. */
export async function listChannels({ json }: Options, context: Context): Promise<void> {
  using books = openBooks(context);
  const channels = (await books.store.channels.list({ limit: 1000 })).map(({ id, state }) => ({ id, ...readChannelState(state) }));
  const rows = channels.map((channel) => [
    channel.id,
    sayAmount(channel.balance - channel.charged, channel),
    sayAmount(channel.charged, channel),
    channel.network,
    channel.config.receiver,
    channel.url,
  ]);
  print(context, {
    json,
    value: channels.map(asJson),
    text:
      rows.length === 0
        ? 'No channel was opened from here.'
        : table([['channel', 'left', 'charged', 'network', 'seller', 'used at'], ...rows]),
  });
}

/** `channel refund URL|ID`: asks the seller to send back what is left. Errors: CliError. */
export async function refund(named: string, { amount, key, json }: Options & { amount?: string }, context: Context): Promise<void> {
  using books = openBooks(context);
  const { store, locks, chain } = books;
  const account = openWallet(await requireKey(key, context));
  const stored = await store.channels.get(named);
  const known = stored === undefined ? undefined : readChannelState(stored);
  const url = known?.url ?? named;
  if (!/^https?:\/\//i.test(url)) throw usageError(`${named} is neither a channel nor an address.`, 'See them: freehold channel list');
  try {
    const wanted = amount === undefined ? undefined : unitsOf(amount, known);
    const { signal } = context;
    const done = await refundChannel({
      url,
      account,
      channels: store.channels,
      locks,
      chain,
      now: context.now,
      signal,
      ...(wanted !== undefined && { amount: wanted }),
    });
    const { refunded, transaction, payTo, token } = done;
    print(context, {
      json,
      value: { refunded: String(refunded), transaction, seller: payTo },
      text: `${sayAmount(refunded, token)} came back from ${payTo}${transaction ? ` tx ${transaction}` : ''}`,
    });
  } catch (error) {
    throw told(error, 'If the seller does not answer: freehold channel withdraw ID');
  }
}

/**
 * `channel withdraw ID`: takes back what is left without the seller, in two steps with the delay of the channel between them. The wallet
 * sends the transactions itself, so it needs ether and an RPC server. Errors: CliError.
 */
export async function withdraw(id: string, { key, json }: Options, context: Context): Promise<void> {
  using books = openBooks(context);
  const stored = await books.store.channels.get(id);
  if (stored === undefined) throw usageError(`There is no channel ${id} here.`, 'See them: freehold channel list');
  const state = readChannelState(stored);
  const secret = await requireKey(key, context);
  if (openWallet(secret).address !== state.config.payer)
    throw usageError(`The channel belongs to ${state.config.payer}.`, 'Name that key with --key.');
  const rpcUrl = books.settings.rpc[state.network];
  if (rpcUrl === undefined)
    throw new CliError(`Nobody can be asked about ${state.network}.`, {
      advice: `Name an RPC server in ${context.settings.payments}: {"rpc":{"${state.network}":"https://…"}}`,
    });
  try {
    const done = await withdrawChannel({ state, key: secret, rpcUrl, now: context.now });
    print(context, {
      json,
      value: { ...done, amount: String(done.amount) },
      text:
        done.kind === 'done'
          ? `${sayAmount(done.amount, state)} came back, tx ${done.transaction}`
          : `${sayAmount(done.amount, state)} can be taken from ${new Date(done.readyAt).toISOString()} on: run this again then`,
    });
  } catch (error) {
    throw told(error, 'Check the ether of the wallet and the RPC server.');
  }
}

function unitsOf(amount: string, state: ChannelState | undefined): bigint {
  try {
    return parseUnits(amount, state?.decimals ?? 6);
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : `${amount} is not an amount.`);
  }
}

const told = (error: unknown, advice: string): unknown =>
  error instanceof PaymentError ? new CliError(error.message, { advice, cause: error }) : error;

const asJson = ({ balance, charged, signed, ...rest }: ChannelState & { id: string }) => ({
  ...rest,
  balance: String(balance),
  charged: String(charged),
  signed: String(signed),
  left: String(balance - charged),
});
