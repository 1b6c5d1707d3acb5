import { canBeCashed, sayAmount, type PaymentState, type SpendEntry } from '@freehold/payments';
import { formatUnits } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { print, table } from '../output.ts';
import { openBooks, openStore } from '../pay/open-wallet.ts';
import { parseTime } from '../units.ts';

type Options = { session?: string; since?: string; state?: string; limit?: string; json?: boolean };

const states: readonly PaymentState[] = ['sent', 'refused', 'paid', 'free'];

/** `spend`: what was paid from here, newest first, and what it comes to. Errors: CliError 2. */
export async function listSpend({ session, since, state, limit = '50', json }: Options, context: Context): Promise<void> {
  const wanted = state === undefined ? undefined : states.find((known) => known === state);
  if (state !== undefined && wanted === undefined) throw usageError(`--state ${state} is none.`, `Write one of: ${states.join(', ')}`);
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw usageError(`--limit ${limit} is not a number of payments.`, 'Write --limit 50');
  const store = openStore(context);
  try {
    const entries = await store.list({
      ...(session !== undefined && { session }),
      ...(wanted && { state: wanted }),
      ...(since !== undefined && { since: context.now() - parseTime(since, '--since') }),
      limit: Number(limit),
    });
    const totals = totalsOf(entries);
    print(context, {
      json,
      value: { payments: entries.map(asJson), totals: totals.map(({ amount, ...token }) => ({ ...token, amount: String(amount) })) },
      text: entries.length === 0 ? 'Nothing was paid from here.' : asText(entries, totals),
    });
  } finally {
    store.close();
  }
}

/** `spend check`: asks the chain about payments whose end is unknown, and gives what was never cashed back to its budget. */
export async function checkSpend({ json }: Options, context: Context): Promise<void> {
  using books = openBooks(context);
  const { store, chain } = books;
  const counts = { paid: 0, free: 0, waiting: 0, unknown: 0 };
  for (const state of ['sent', 'refused'] as const) {
    for (const entry of await store.list({ state, limit: 1000 })) {
      if (canBeCashed(entry, context.now())) {
        counts.waiting++;
        continue;
      }
      const isUsed = await chain.wasUsed(entry).catch((cause: unknown) => {
        throw new CliError(`The chain ${entry.token.network} could not be asked.`, { advice: 'Check "rpc" in payments.json.', cause });
      });
      if (isUsed === undefined) counts.unknown++;
      else {
        counts[isUsed ? 'paid' : 'free']++;
        await store.conclude(entry.id, { state: isUsed ? 'paid' : 'free', charged: isUsed ? entry.amount : 0n });
      }
    }
  }
  const { paid, free, waiting, unknown } = counts;
  print(context, {
    json,
    value: counts,
    text: [
      `${paid} were cashed, ${free} never can be and are given back to their budgets, ${waiting} can still be cashed.`,
      ...(unknown > 0
        ? [`${unknown} are on chains that nobody can be asked about: name an RPC server in ${context.settings.payments}.`]
        : []),
    ].join('\n'),
  });
}

type Total = { symbol: string; network: string; decimals: number; amount: bigint };

function totalsOf(entries: readonly SpendEntry[]): Total[] {
  const totals = new Map<string, Total>();
  for (const { token, charged } of entries) {
    const { symbol, network, decimals } = token;
    const key = `${symbol} ${network} ${token.asset}`;
    totals.set(key, { symbol, network, decimals, amount: (totals.get(key)?.amount ?? 0n) + charged });
  }
  return [...totals.values()];
}

function asText(entries: readonly SpendEntry[], totals: readonly Total[]): string {
  const rows = entries.map(({ at, state, charged, token, session, method, url }) => [
    new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
    state,
    formatUnits(charged, token.decimals),
    token.symbol,
    token.network,
    session,
    `${method} ${url}`,
  ]);
  return [
    table([['when', 'state', 'amount', 'token', 'network', 'session', 'call'], ...rows]),
    '',
    ...totals.map((total) => `${sayAmount(total.amount, total)} on ${total.network}`),
  ].join('\n');
}

const asJson = ({ amount, charged, ...entry }: SpendEntry) => ({ ...entry, amount: String(amount), charged: String(charged) });
