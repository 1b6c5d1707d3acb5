import { PaymentError, refundChannel, sayAmount, withdrawChannel, withdrawGrant } from '@freehold/payments';
import { parseUnits } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import { print, table } from '../output.ts';
import { openBooks } from '../pay/open-wallet.ts';
import { listTabs, type OpenTab } from '../pay/tabs.ts';

type Options = { key?: string; json?: boolean };

/** `channel list`: what was deposited for sellers, and what is left of it. */
export async function listChannels({ json }: Options, context: Context): Promise<void> {
  using books = openBooks(context);
  const tabs = await listTabs(books.store);
  const rows = tabs.map((tab) => [
    tab.id,
    tab.kind,
    sayAmount(tab.left, tab),
    sayAmount(tab.charged, tab),
    tab.network,
    tab.payee,
    tab.url,
  ]);
  print(context, {
    json,
    value: tabs.map(({ state: _state, left, charged, ...rest }) => ({ ...rest, left: String(left), charged: String(charged) })),
    text:
      rows.length === 0
        ? 'No channel or grant was opened from here.'
        : table([['id', 'kind', 'left', 'charged', 'network', 'seller', 'used at'], ...rows]),
  });
}

/** `channel refund URL|ID`: asks the seller to send back what is left. Errors: CliError. */
export async function refund(named: string, { amount, key, json }: Options & { amount?: string }, context: Context): Promise<void> {
  using books = openBooks(context);
  const { store, locks, chain } = books;
  const account = openWallet(await requireKey(key, context));
  const known = (await listTabs(store)).find(({ id }) => id === named);
  if (known?.kind === 'grant')
    throw new CliError('A grant is given back by its contract, not by its seller.', {
      advice: `Take it back: freehold channel withdraw ${named}`,
    });
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
  const tab = (await listTabs(books.store)).find((each) => each.id === id);
  if (!tab) throw usageError(`There is no channel or grant ${id} here.`, 'See them: freehold channel list');
  const secret = await requireKey(key, context);
  const payer = tab.kind === 'channel' ? tab.state.config.payer : tab.state.payer;
  if (openWallet(secret).address !== payer) throw usageError(`It belongs to ${payer}.`, 'Name that key with --key.');
  const rpcUrl = books.settings.rpc[tab.network];
  if (rpcUrl === undefined)
    throw new CliError(`Nobody can be asked about ${tab.network}.`, {
      advice: `Name an RPC server in ${context.settings.payments}: {"rpc":{"${tab.network}":"https://…"}}`,
    });
  try {
    const by = { key: secret, rpcUrl, now: context.now };
    const done =
      tab.kind === 'channel' ? await withdrawChannel({ state: tab.state, ...by }) : await withdrawGrant({ state: tab.state, ...by });
    // What is known of it was true before.
    if (done.kind === 'done') await books.store.channels.delete(id);
    print(context, {
      json,
      value: { ...done, amount: String(done.amount) },
      text:
        done.kind === 'done'
          ? `${sayAmount(done.amount, tab)} came back, tx ${done.transaction}`
          : `${sayAmount(done.amount, tab)} can be taken from ${new Date(done.readyAt).toISOString()} on: run this again then`,
    });
  } catch (error) {
    throw told(error, 'Check the ether of the wallet and the RPC server.');
  }
}

function unitsOf(amount: string, tab: OpenTab | undefined): bigint {
  try {
    return parseUnits(amount, tab?.decimals ?? 6);
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : `${amount} is not an amount.`);
  }
}

const told = (error: unknown, advice: string): unknown =>
  error instanceof PaymentError ? new CliError(error.message, { advice, cause: error }) : error;
