import { formatUnits, parseUnits, type Token } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import { readJson, splitList } from './json.ts';
import { networkNames } from './tokens.ts';

/** The most that may be spent, in whole tokens: of any token, of one, or of one on one network. */
export type Budget = { amount: string; symbol?: string; network?: string };

/** A token that may be paid with, on these networks; on any when there are none. */
export type Preference = { symbol: string; networks: string[] };

/** What was spent of one token, in its atomic units. */
export type Spent = { token: Pick<Token, 'symbol' | 'network' | 'decimals'>; amount: bigint };

/** Names that a budget may use for networks, as `Base` for `eip155:8453`. */
export type NetworkNames = Readonly<Record<string, string>>;

/**
 * `10.0`, `USDC:10.0`, `USDC@Base:5.0`, JSON as `{"amount":"5.0","token":"USDC","network":"Base"}` (a network without a token means USDC);
 * several with commas. Amounts stay the decimal text that was written. Errors: `budget_malformed`.
 */
export function parseBudgets(text: string, names: NetworkNames = networkNames): Budget[] {
  return splitList(text).flatMap((part) => (/^[{[]/.test(part) ? budgetsOfJson(part, names) : [parseBudget(part, names)]));
}

function parseBudget(part: string, names: NetworkNames): Budget {
  const match = /^(?:([A-Za-z][A-Za-z0-9.]*)(?:@([A-Za-z0-9:-]+))?:)?(\d+(?:\.\d+)?)$/.exec(part);
  const [, symbol, network, amount] = match ?? [];
  if (amount === undefined) throw malformed(`"${part}" is not a budget. Write 0.50, USDC:0.50 or USDC@Base:0.50.`);
  return { amount, ...(symbol !== undefined && { symbol }), ...(network !== undefined && { network: parseNetwork(network, names) }) };
}

function budgetsOfJson(text: string, names: NetworkNames): Budget[] {
  const value = readJson(text, 'a budget such as {"amount":"0.50","token":"USDC"}');
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    const { amount, token, network, ...rest } = Object(one) as Record<string, unknown>;
    const isText = (field: unknown) => field === undefined || typeof field === 'string';
    if (typeof amount !== 'string' || !/^\d+(\.\d+)?$/.test(amount) || !isText(token) || !isText(network) || Object.keys(rest).length > 0)
      throw malformed(`${text} is not a budget. Write {"amount":"0.50"}, with "token" and "network" where it is for one only.`);
    const symbol = typeof token === 'string' ? token : typeof network === 'string' ? 'USDC' : undefined;
    return {
      amount,
      ...(symbol !== undefined && { symbol }),
      ...(typeof network === 'string' && { network: parseNetwork(network, names) }),
    };
  });
}

/** `USDC`, `USDC@Base`, several with commas, or JSON: `{"USDC":["Base"]}`, where `[]` means every network. Errors: `budget_malformed`. */
export function parsePreferences(text: string, names: NetworkNames = networkNames): Preference[] {
  if (!text.trim().startsWith('{')) {
    return splitList(text).map((part) => {
      const [, symbol, network] = /^([A-Za-z][A-Za-z0-9.]*)(?:@([A-Za-z0-9:-]+))?$/.exec(part) ?? [];
      if (symbol === undefined) throw malformed(`"${part}" is not the name of a token. Write USDC or USDC@Base.`);
      return { symbol, networks: network === undefined ? [] : [parseNetwork(network, names)] };
    });
  }
  return Object.entries(Object(readJson(text, 'tokens such as {"USDC":["Base"]}'))).map(([symbol, networks]) => {
    if (!Array.isArray(networks) || !networks.every((name) => typeof name === 'string'))
      throw malformed(`The networks of ${symbol} must be a list of names, such as ["Base"].`);
    return { symbol, networks: networks.map((name) => parseNetwork(name, names)) };
  });
}

export function parseNetwork(name: string, names: NetworkNames = networkNames): string {
  if (/^eip155:[1-9][0-9]*$/.test(name)) return name;
  const plain = (title: string) => title.toLowerCase().replaceAll('-', '');
  const known = Object.entries(names).find(([title]) => plain(title) === plain(name));
  if (known) return known[1];
  throw malformed(`The network "${name}" is not known. Known are ${Object.keys(names).join(', ')}, or write it as eip155:8453.`);
}

/** More decimals than any token has: amounts of different tokens are added in this unit, as whole numbers. */
const commonDecimals = 36;

/**
 * Atomic units of this token that may still be spent: every budget that speaks of it must allow it, so the smallest remainder counts.
 * A budget for any token counts every token, one for any network every network. Undefined when no budget speaks of the token.
 */
export function remaining(budgets: readonly Budget[], token: Token, spent: readonly Spent[] = []): bigint | undefined {
  let least: bigint | undefined;
  for (const budget of budgets) {
    if (!covers(budget, token)) continue;
    let left = limitOf(budget, token);
    for (const { token: other, amount } of spent)
      if (covers(budget, other)) left -= amount * 10n ** BigInt(commonDecimals - other.decimals);
    const units = left <= 0n ? 0n : left / 10n ** BigInt(commonDecimals - token.decimals);
    if (least === undefined || units < least) least = units;
  }
  return least;
}

const covers = ({ symbol, network }: Budget, token: Pick<Token, 'symbol' | 'network'>): boolean =>
  (symbol === undefined || symbol.toLowerCase() === token.symbol.toLowerCase()) && (network === undefined || network === token.network);

function limitOf({ amount }: Budget, token: Token): bigint {
  try {
    parseUnits(amount, token.decimals);
    return parseUnits(amount, commonDecimals);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : 'This is not an amount.', cause);
  }
}

export const allows = (preferences: readonly Preference[], token: Token): boolean =>
  preferences.length === 0 ||
  preferences.some(
    ({ symbol, networks }) =>
      symbol.toLowerCase() === token.symbol.toLowerCase() && (networks.length === 0 || networks.includes(token.network)),
  );

/** "1 USDC on eip155:8453, 5": budgets as a person reads them. */
export const sayBudgets = (budgets: readonly Budget[]): string =>
  budgets
    .map(
      ({ amount, symbol, network }) =>
        `${amount}${symbol === undefined ? '' : ` ${symbol}`}${network === undefined ? '' : ` on ${network}`}`,
    )
    .join(', ') || 'nothing';

export const sayAmount = (amount: bigint, token: Pick<Token, 'decimals' | 'symbol'>): string =>
  `${formatUnits(amount, token.decimals)} ${token.symbol}`;

const malformed = (message: string, cause?: unknown) => new PaymentError('budget_malformed', message, { cause });
