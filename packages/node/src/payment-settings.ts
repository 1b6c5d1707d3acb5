import { readFileSync, statSync } from 'node:fs';
import { knownTokens, type Allowance } from '@freehold/payments';
import { address, chainIdOf, network, token, type Token } from '@freehold/protocol';
import { z } from 'zod';
import { ConfigError } from './error.ts';

/** Names for the networks that most people sell on. */
const shortNames: Readonly<Record<string, string>> = { ethereum: 'eip155:1', base: 'eip155:8453', 'base-sepolia': 'eip155:84532' };

const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'must be an http or https address');

const schema = z.strictObject({
  networks: z
    .record(
      z.string().transform((name) => shortNames[name] ?? name),
      z.strictObject({
        /** The preferred server first. */
        rpc: z.array(httpUrl).min(1).max(8),
        confirmations: z.number().int().min(1).max(1000).optional(),
      }),
    )
    .refine(
      (networks) => Object.keys(networks).every((name) => network.safeParse(name).success),
      'are named base, base-sepolia, ethereum or like eip155:8453',
    )
    .default({}),
  tokens: z.array(token).max(32).default([]),
  /** File with the private key that pays for gas: 64 hexadecimal digits, readable by its owner alone. */
  gasKey: z.string().min(1).optional(),
  /** Another's facilitator, who pays for gas. The chains are still asked by this node itself. */
  facilitator: z.strictObject({ url: httpUrl, timeoutSeconds: z.number().int().min(1).max(120).default(20) }).optional(),
  /** For whom this node pays gas as their facilitator. */
  facilitate: z
    .strictObject({
      payees: z.union([z.literal('anyone'), z.array(address).min(1).max(1000)]),
      settlementsPerDay: z.number().int().min(1).max(1_000_000).default(1_000),
    })
    .optional(),
  /** Whether X-402-Key and its like are taken from programs on this machine. */
  convenienceHeaders: z.boolean().default(false),
  /** Whether the embedded test chain runs beside the networks. Without networks it always does. */
  testChain: z.boolean().optional(),
});

export type NetworkSettings = { network: string; rpcUrls: readonly string[]; confirmations?: number };

export type PaymentSettings = {
  networks: readonly NetworkSettings[];
  /** The tokens on these networks; the first one is that of the desktop. */
  tokens: readonly Token[];
  gasKey?: string | undefined;
  facilitator?: { url: string; timeoutMs: number } | undefined;
  facilitate?: Allowance | undefined;
  convenienceHeaders?: boolean;
  testChain: boolean;
};

export const noPaymentSettings: PaymentSettings = { networks: [], tokens: [], testChain: true };

/** What `payments.json` in the data directory says, or the file that FREEHOLD_PAYMENTS names. Errors: ConfigError naming file and field. */
export function readPaymentSettings({ path, isNamed }: { path: string; isNamed: boolean }): PaymentSettings {
  if (!isNamed && !statSync(path, { throwIfNoEntry: false })) return noPaymentSettings;
  return parsePaymentSettings(readJson(path), path);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : cause instanceof Error ? cause.message : String(cause);
    throw refuse(`The payment settings in ${path} cannot be read: ${why}.`, cause);
  }
}

export function parsePaymentSettings(value: unknown, path: string): PaymentSettings {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`The payment settings in ${path} are not valid: ${issue?.path.join('.') || 'the file'} ${issue?.message}.`, parsed.error);
  }
  const { networks: given, tokens: named, gasKey, facilitator, facilitate, convenienceHeaders, testChain } = parsed.data;
  const networks = Object.entries(given).map(([name, { rpc, confirmations }]) => ({
    network: name,
    rpcUrls: rpc,
    ...(confirmations !== undefined && { confirmations }),
  }));
  const isHere = ({ network }: Token) => networks.some((one) => one.network === network);
  const stray = named.find((one) => !isHere(one));
  if (stray)
    throw refuse(`The payment settings in ${path} name a token on ${stray.network}, but no RPC server for it. Add it under "networks".`);
  const usual = knownTokens.filter(
    (one) => isHere(one) && !named.some(({ network, asset }) => network === one.network && asset === one.asset),
  );
  const tokens = [...named, ...usual];
  const bare = networks.find(({ network }) => !tokens.some((one) => one.network === network));
  if (bare)
    throw refuse(
      `The payment settings in ${path} name no token on ${bare.network} (chain ${chainIdOf(bare.network)}), and Freehold knows none there. Add one under "tokens".`,
    );
  if (networks.length > 0 && gasKey === undefined && facilitator === undefined)
    throw refuse(
      `The payment settings in ${path} name networks, but nobody who pays for gas there. Name a file with a key as "gasKey", or another’s "facilitator".`,
    );
  return {
    networks,
    tokens,
    gasKey,
    facilitator: facilitator && { url: facilitator.url, timeoutMs: facilitator.timeoutSeconds * 1000 },
    facilitate,
    convenienceHeaders,
    testChain: testChain ?? networks.length === 0,
  };
}

/** The key that pays for gas. Errors: ConfigError. */
export function readGasKey(path: string): Uint8Array {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw refuse(`The file ${path} with the key for gas can be read by others. Make it yours alone: chmod 600 ${path}`);
    const digits = /^(?:0x)?([0-9a-fA-F]{64})\s*$/.exec(readFileSync(path, 'utf8'))?.[1];
    if (digits === undefined) throw refuse(`The file ${path} must hold the key for gas as 64 hexadecimal digits, and nothing else.`);
    return Buffer.from(digits, 'hex');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw refuse(`The file ${path} with the key for gas cannot be read. Name it in the payment settings as "gasKey".`, error);
  }
}

const refuse = (message: string, cause?: unknown) => new ConfigError('config_invalid', 400, message, { cause });
