import { usageError } from '../error.ts';

/** At most this much, of this token, on this network; what is left out stands for any. `amount` is decimal text in whole tokens. */
export type Budget = { amount: string; symbol?: string; network?: string };

/** Pay with this token, on this network when one is named. */
export type Preference = { symbol: string; network?: string };

/** What is paid without asking when no limit is given, in whole tokens. */
export const defaultMaximum = '1';

const networks: Record<string, string> = {
  ethereum: 'eip155:1',
  base: 'eip155:8453',
  'base-sepolia': 'eip155:84532',
  basesepolia: 'eip155:84532',
  test: 'eip155:31337',
};

/** `10.0`, `USDC:10.0`, `USDC@base:5.0`, or JSON `{"amount","token"?,"network"?}`; a network without a token means USDC. Errors: CliError 2. */
export function parseBudget(text: string): Budget {
  if (text.startsWith('{')) {
    const { amount, token, network } = readJson(text, '--max');
    if (amount === undefined) throw wrong(text);
    return limit(String(amount), token === undefined ? (network === undefined ? undefined : 'USDC') : String(token), network === undefined ? undefined : String(network), text);
  }
  const [, symbol, network, amount] = /^(?:([A-Za-z]\w*)(?:@([\w:-]+))?:)?([\d.]+)$/.exec(text) ?? [];
  return limit(amount, symbol, network, text);
}

function limit(amount: string | undefined, symbol: string | undefined, network: string | undefined, text: string): Budget {
  if (amount === undefined || !/^\d+(\.\d+)?$/.test(amount)) throw wrong(text);
  return { amount, ...(symbol && { symbol: symbol.toUpperCase() }), ...(network && { network: networkName(network) }) };
}

/** `USDC`, `USDC@base`, several with commas, or JSON `{"USDC":["base"]}` where an empty list means any network. Errors: CliError 2. */
export function parsePreferences(text: string): Preference[] {
  if (!text.startsWith('{')) {
    return text.split(',').map((part) => {
      const [, symbol, network] = /^([A-Za-z]\w*)(?:@([\w:-]+))?$/.exec(part.trim()) ?? [];
      if (!symbol) throw usageError(`--pay ${text} names no token.`, 'Write a token, or a token and a network: --pay USDC, --pay USDC@base');
      return { symbol: symbol.toUpperCase(), ...(network && { network: networkName(network) }) };
    });
  }
  return Object.entries(readJson(text, '--pay')).flatMap(([name, where]): Preference[] => {
    const list = [where].flat();
    const symbol = name.toUpperCase();
    return list.length === 0 ? [{ symbol }] : list.map((network) => ({ symbol, network: networkName(String(network)) }));
  });
}

/** A name or a CAIP-2 identifier. */
function networkName(text: string): string {
  const network = /^eip155:\d+$/.test(text) ? text : networks[text.toLowerCase()];
  if (!network) throw usageError(`"${text}" is no network that is known here.`, `Known: ${Object.keys(networks).join(', ')}, or eip155:NUMBER`);
  return network;
}

function readJson(text: string, option: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw usageError(`${option} ${text} is not JSON.`, `Example: ${option === '--max' ? '--max \'{"amount":"0.05","token":"USDC"}\'' : '--pay \'{"USDC":["base"]}\''}`);
  }
}

const wrong = (text: string) => usageError(`--max ${text} is not an amount.`, 'Write an amount, or a token and an amount: --max 0.05, --max USDC:0.05, --max USDC@base:0.05');
