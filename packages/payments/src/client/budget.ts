import { parseUnits, type Token } from '@freehold/protocol';
import { PaymentError } from '../error.ts';
import { networkNames } from './tokens.ts';

/** The most that one call may cost, in whole tokens: for any token, for one, or for one on one network. */
export type Budget = { amount: string; symbol?: string; network?: string };

/** A token that may be paid with, on these networks; on any when there are none. */
export type Preference = { symbol: string; networks: string[] };

/** `10.0`, `USDC:10.0`, `USDC@Base:5.0`; several with commas. Errors: `budget_malformed`. */
export function parseBudgets(text: string): Budget[] {
  return text.split(',').map((part) => {
    const match = /^\s*(?:([A-Za-z][A-Za-z0-9.]*)(?:@([A-Za-z0-9:]+))?:)?(\d+(?:\.\d+)?)\s*$/.exec(part);
    const [, symbol, network, amount] = match ?? [];
    if (amount === undefined) throw malformed(`"${part.trim()}" is not a budget. Write 0.50, USDC:0.50 or USDC@Base:0.50.`);
    return { amount, ...(symbol !== undefined && { symbol }), ...(network !== undefined && { network: parseNetwork(network) }) };
  });
}

/** `USDC`, `USDC,EURC`, or JSON: `{"USDC":["Base"]}`, where `[]` means every network. Errors: `budget_malformed`. */
export function parsePreferences(text: string): Preference[] {
  if (!text.trim().startsWith('{')) {
    return text.split(',').map((part) => {
      const match = /^\s*([A-Za-z][A-Za-z0-9.]*)(?:@([A-Za-z0-9:]+))?\s*$/.exec(part);
      const [, symbol, network] = match ?? [];
      if (symbol === undefined) throw malformed(`"${part.trim()}" is not the name of a token. Write USDC or USDC@Base.`);
      return { symbol, networks: network === undefined ? [] : [parseNetwork(network)] };
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed('This is not JSON. Write it as {"USDC":["Base"]}.', cause);
  }
  return Object.entries(Object(value)).map(([symbol, networks]) => {
    if (!Array.isArray(networks) || !networks.every((name) => typeof name === 'string')) {
      throw malformed(`The networks of ${symbol} must be a list of names, such as ["Base"].`);
    }
    return { symbol, networks: networks.map(parseNetwork) };
  });
}

function parseNetwork(name: string): string {
  if (/^eip155:[1-9][0-9]*$/.test(name)) return name;
  const known = Object.entries(networkNames).find(([title]) => title.toLowerCase() === name.toLowerCase());
  if (known) return known[1];
  throw malformed(`The network "${name}" is not known. Known are ${Object.keys(networkNames).join(', ')}, or write it as eip155:8453.`);
}

/** Atomic units that a call may cost in this token: every budget that speaks of it must allow it, so the smallest counts. Undefined when none does. */
export function budgetFor(budgets: readonly Budget[], token: Token): bigint | undefined {
  const fitting = budgets.filter(
    ({ symbol, network }) => (symbol === undefined || symbol === token.symbol) && (network === undefined || network === token.network),
  );
  try {
    const amounts = fitting.map(({ amount }) => parseUnits(amount, token.decimals));
    return amounts.reduce<bigint | undefined>((least, amount) => (least === undefined || amount < least ? amount : least), undefined);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : 'This is not an amount.', cause);
  }
}

export const allows = (preferences: readonly Preference[], token: Token): boolean =>
  preferences.length === 0 ||
  preferences.some(({ symbol, networks }) => symbol === token.symbol && (networks.length === 0 || networks.includes(token.network)));

const malformed = (message: string, cause?: unknown) => new PaymentError('budget_malformed', message, { cause });
