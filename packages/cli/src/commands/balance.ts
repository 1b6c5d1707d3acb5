import { balance as balanceSchema, formatUnits, type Address } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import { openNodeClient } from '../node/client.ts';
import { print, table } from '../output.ts';
import { openBooks } from '../pay/open-wallet.ts';
import { listTabs } from '../pay/tabs.ts';

type Line = { where: string; network: string; amount: string; symbol: string; decimals: number };

/**
 * `balance`: what the paying key has: on every network with an RPC server, on the chain of the node, and left in channels. What cannot be
 * asked is told as such, and fails nothing.
 */
export async function showWallet({ key, node, json }: { key?: string; node?: string; json?: boolean }, context: Context): Promise<void> {
  const { address } = openWallet(await requireKey(key, context));
  using books = openBooks(context);
  const { settings, chain, store } = books;
  const silent: string[] = [];
  const lines: Line[] = [];
  for (const token of settings.tokens) {
    const asked = chain.balanceOf(token, address);
    if (!asked) continue;
    try {
      lines.push({ where: 'wallet', network: token.network, amount: String(await asked), symbol: token.symbol, decimals: token.decimals });
    } catch {
      silent.push(token.network);
    }
  }
  const atNode = await balanceAtNode(address, node ?? context.settings.node, context);
  if (atNode && !lines.some(({ network, symbol }) => network === atNode.network && symbol === atNode.symbol)) lines.push(atNode);
  for (const { kind, network, left, symbol, decimals, payee } of await listTabs(store, { payer: address }))
    lines.push({ where: `${kind} to ${payee}`, network, amount: String(left), symbol, decimals });
  const rows = lines.map(({ where, network, amount, symbol, decimals }) => [
    `${formatUnits(BigInt(amount), decimals)} ${symbol}`,
    network,
    where,
  ]);
  print(context, {
    json,
    value: { address, balances: lines, unreachable: silent },
    text: [
      address,
      rows.length === 0
        ? `No chain can be asked: name RPC servers in ${context.settings.payments}.`
        : table([['amount', 'network', 'where'], ...rows]),
      ...silent.map((network) => `${network} did not answer.`),
    ].join('\n'),
  });
}

async function balanceAtNode(address: Address, node: string, { signal }: Context): Promise<Line | undefined> {
  try {
    const patient = AbortSignal.any([signal, AbortSignal.timeout(3_000)]);
    const { amount, token } = await openNodeClient({ node, signal: patient }).get(`/api/chain/balance?address=${address}`, balanceSchema);
    return { where: `wallet (chain of ${node})`, network: token.network, amount, symbol: token.symbol, decimals: token.decimals };
  } catch {
    return undefined;
  }
}
