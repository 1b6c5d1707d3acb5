import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PoolFraction } from '@freehold/compute';
import { standInRoot } from '@freehold/identity';
import { address, hexOf, networkTarget, type Address, type Hex } from '@freehold/protocol';
import { z } from 'zod';
import { ConfigError } from './error.ts';
import { readPaymentSettings, type PaymentSettings } from './payment-settings.ts';

const mebibyte = 1024 * 1024;

/**
 * Every setting of a node. Precedence: defaults, then the environment (`FREEHOLD_*`), then the flags of `freehold up`. `DATABASE_URL` and
 * `S3_*` have the names that hosting platforms give them, and no flags, because a process list would show their secrets.
 */
const settings = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(4200),
  /** Loopback only by default: opening a node to the network is the owner's decision. */
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).optional(),
  /** Public origins under which the node is reached, such as https://cloud.example.org. Loopback names, private addresses, and those of this machine always work. */
  origins: z.string().default(''),
  /** Host names under which published content gets origins of its own, such as pages.example.net. */
  gateway: z.string().default(''),
  /** Whether published blocks are given to IPFS peers, too, and the port for them. */
  bitswap: z.stringbool().default(false),
  bitswapPort: z.coerce.number().int().min(0).max(65_535).default(4001),
  owner: z.string().optional(),
  log: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  quotaMiB: z.coerce
    .number()
    .int()
    .min(1)
    .default(100 * 1024),
  concurrency: z.coerce.number().int().min(1).max(64).default(4),
  /** Capacity that is given away while it is spare, such as `spare:0.5`: name, share of the memory, and of the programs that run at once. */
  pools: z.string().default(''),
  /** Room for what functions have written. */
  outputMiB: z.coerce
    .number()
    .int()
    .min(1)
    .default(10 * 1024),
  /** Room for the programs of each account but the owner's. */
  programMiB: z.coerce.number().int().min(1).default(1024),
  /** Hosts of private networks, as host:port, that functions may reach when their offers name them. */
  targets: z.string().default(''),
  /** The file that says on which networks the node sells, and how; without it `payments.json` in the data directory, if it is there. */
  payments: z.string().min(1).optional(),
  /** dstack's socket, or `stand-in` for development: wallets for people then come from the key service. */
  dstack: z.string().default(''),
  /** The socket of a keeper that runs by itself, in a container that alone has the key service. */
  keeper: z.string().default(''),
  /** Compressed public keys of the key service's roots whose signature chains are believed. */
  kmsRoots: z.string().default(''),
  /** Who may sign up with an e-mail address and a user id. The owner can always sign somebody up. */
  signUp: z.enum(['closed', 'open']).default('closed'),
});

/** Where large content lives when it is not on this machine's disk: what `S3_*` says. */
export type BucketConfig = {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  prefix: string;
};

/** Where keys for people's wallets come from. */
export type KeyServiceConfig = { at: 'stand-in' | { servicePath: string } | { keeperPath: string }; trustedRoots: readonly Hex[] };

export type Config = {
  port: number;
  host: string;
  dataDirectory: string;
  origins: string[];
  gateways: string[];
  bitswap: boolean;
  bitswapPort: number;
  owner: Address | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  quotaBytes: number;
  concurrency: number;
  pools?: readonly PoolFraction[] | undefined;
  /** Bytes that the outputs of functions may take. */
  outputBytes?: number;
  /** Bytes that the programs of each account but the owner's may take. */
  programBytes?: number;
  targets?: readonly string[] | undefined;
  /** The embedded test chain alone, where there are none. */
  payments?: PaymentSettings | undefined;
  keyService?: KeyServiceConfig | undefined;
  signUp?: 'closed' | 'open';
  /** Whether `/api/info` tells what the key service says of itself. */
  exposeInfo?: boolean;
  isProduction?: boolean;
  /** A PostgreSQL database in the place of the file in the data directory. Holds a password: never for a log. */
  databaseUrl?: string | undefined;
  /** Holds a secret key: never for a log. */
  bucket?: BucketConfig | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;
export type Flags = {
  port?: string | undefined;
  host?: string | undefined;
  data?: string | undefined;
  log?: string | undefined;
  bitswap?: string | undefined;
  pools?: string | undefined;
};

/** Errors: ConfigError naming the setting and its source. */
export function readConfig({ environment = process.env, flags = {} }: { environment?: Environment; flags?: Flags } = {}): Config {
  const fromEnvironment = {
    port: environment['FREEHOLD_PORT'],
    host: environment['FREEHOLD_HOST'],
    data: environment['FREEHOLD_DATA'],
    origins: environment['FREEHOLD_ORIGIN'],
    gateway: environment['FREEHOLD_GATEWAY'],
    bitswap: environment['FREEHOLD_BITSWAP'],
    bitswapPort: environment['FREEHOLD_BITSWAP_PORT'],
    owner: environment['FREEHOLD_OWNER'],
    log: environment['FREEHOLD_LOG'],
    quotaMiB: environment['FREEHOLD_QUOTA_MIB'],
    concurrency: environment['FREEHOLD_CONCURRENCY'],
    pools: environment['FREEHOLD_POOLS'],
    outputMiB: environment['FREEHOLD_OUTPUT_MIB'],
    programMiB: environment['FREEHOLD_PROGRAM_MIB'],
    targets: environment['FREEHOLD_TARGETS'],
    payments: environment['FREEHOLD_PAYMENTS'],
    dstack: environment['FREEHOLD_DSTACK'],
    keeper: environment['FREEHOLD_KEEPER'],
    kmsRoots: environment['FREEHOLD_KMS_ROOTS'],
    signUp: environment['FREEHOLD_SIGN_UP'],
  };
  const given = Object.fromEntries(
    [...Object.entries(fromEnvironment), ...Object.entries(flags)].filter(([, value]) => value !== undefined),
  );
  const parsed = settings.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error, flags);
  const { data, gateway, owner, log, quotaMiB, outputMiB, programMiB, payments, dstack, keeper, kmsRoots, ...rest } = parsed.data;
  const origins = listIn(parsed.data.origins).map(parseOrigin);
  const dataDirectory = resolve(data ?? join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'freehold'));
  return {
    ...rest,
    origins,
    pools: listIn(parsed.data.pools).map(parsePool),
    targets: listIn(parsed.data.targets).map(parseTarget),
    gateways: listIn(gateway).map((host) => parseGateway(host, origins)),
    dataDirectory,
    payments: readPaymentSettings({ path: payments ?? join(dataDirectory, 'payments.json'), isNamed: payments !== undefined }),
    owner: owner === undefined || owner === '' ? undefined : parseOwner(owner),
    logLevel: log,
    quotaBytes: quotaMiB * mebibyte,
    outputBytes: outputMiB * mebibyte,
    keyService: readKeyService({ dstack, keeper, kmsRoots }, environment),
    // The seed's name for it.
    exposeInfo: environment['EXPOSE_INFO'] === 'true',
    isProduction: isProduction(environment),
    programBytes: programMiB * mebibyte,
    databaseUrl: readDatabaseUrl(environment),
    bucket: readBucket(environment),
  };
}

function readKeyService(
  { dstack, keeper, kmsRoots }: { dstack: string; keeper: string; kmsRoots: string },
  environment: Environment,
): KeyServiceConfig | undefined {
  const trustedRoots = listIn(kmsRoots).map((root) => {
    const parsed = hexOf(33).safeParse(root.startsWith('0x') ? root : `0x${root}`);
    if (parsed.success) return parsed.data;
    throw new ConfigError(
      'config_invalid',
      400,
      `FREEHOLD_KMS_ROOTS must list compressed public keys of 33 bytes in hexadecimal, but has ${root}.`,
    );
  });
  if (dstack !== '' && keeper !== '')
    throw new ConfigError('config_invalid', 400, 'FREEHOLD_DSTACK and FREEHOLD_KEEPER are two ways to the key service: set one of them.');
  if (keeper !== '') return { at: { keeperPath: resolve(keeper) }, trustedRoots };
  if (dstack === '') return undefined;
  if (dstack !== 'stand-in') return { at: { servicePath: resolve(dstack) }, trustedRoots };
  if (isProduction(environment)) throw noStandIn();
  return { at: 'stand-in', trustedRoots: [...trustedRoots, standInRoot] };
}

const isProduction = (environment: Environment) => environment['NODE_ENV'] === 'production';

/** Everybody can derive the keys of the stand-in. */
export const noStandIn = () =>
  new ConfigError(
    'config_invalid',
    400,
    'The key service is the development stand-in, which is NOT A TEE: everybody can make its keys. With NODE_ENV=production, set FREEHOLD_DSTACK to the socket of a real one.',
  );

function readDatabaseUrl(environment: Environment): string | undefined {
  const text = environment['DATABASE_URL'];
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return text;
  throw new ConfigError(
    'config_invalid',
    400,
    'DATABASE_URL must name a PostgreSQL database, such as postgres://user:password@host:5432/freehold. Remove it to keep the database in the data directory.',
  );
}

const bucketSettings = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

/** All of it or nothing: half a bucket is a mistake, and content would go to the disk without a word. */
function readBucket(environment: Environment): BucketConfig | undefined {
  const given = (name: string) => environment[name]?.trim() ?? '';
  const missing = bucketSettings.filter((name) => given(name) === '');
  const extra = ['S3_REGION', 'S3_PREFIX'].filter((name) => given(name) !== '');
  if (missing.length === bucketSettings.length && extra.length === 0) return undefined;
  if (missing.length > 0)
    throw new ConfigError(
      'config_invalid',
      400,
      `To keep files in S3, ${missing.join(' and ')} must be set, too. To keep them on this disk, remove every S3_ setting.`,
    );
  const endpoint = given('S3_ENDPOINT');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new ConfigError('config_invalid', 400, 'S3_ENDPOINT must be an address such as https://s3.example.org.');
  const prefix = given('S3_PREFIX');
  if (!/^[A-Za-z0-9._/-]*$/.test(prefix) || prefix.split('/').includes('..'))
    throw new ConfigError('config_invalid', 400, 'S3_PREFIX may hold letters, digits, dots, dashes and slashes, such as freehold/files.');
  return {
    endpoint,
    bucket: given('S3_BUCKET'),
    region: given('S3_REGION') || 'us-east-1',
    accessKeyId: given('S3_ACCESS_KEY_ID'),
    secretAccessKey: given('S3_SECRET_ACCESS_KEY'),
    prefix,
  };
}

function invalid(error: z.ZodError, flags: Flags): ConfigError {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? '');
  const source =
    flags[name as keyof Flags] !== undefined ? `--${name}` : `FREEHOLD_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return new ConfigError(
    'config_invalid',
    400,
    `The setting ${source} is not valid: ${issue?.code === 'invalid_type' ? 'it must be a number' : issue?.message}.`,
  );
}

const listIn = (text: string) => text.split(/[\s,]+/).filter(Boolean);

function parsePool(text: string): PoolFraction {
  const [, name, memory, slots = memory] = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):(0?\.\d{1,4}|1)(?::(0?\.\d{1,4}|1))?$/.exec(text) ?? [];
  if (name === undefined || !(Number(memory) > 0) || !(Number(slots) > 0))
    throw new ConfigError(
      'config_invalid',
      400,
      `FREEHOLD_POOLS must list pools such as spare:0.5 or spare:0.5:0.25 (name, share of the memory, share of the programs that run at once), not ${JSON.stringify(text)}.`,
    );
  return { name, memory: Number(memory), slots: Number(slots) };
}

function parseTarget(text: string): string {
  if (networkTarget.safeParse(text).success) return text;
  throw new ConfigError(
    'config_invalid',
    400,
    `FREEHOLD_TARGETS must list hosts with ports such as nas.local:8080 or 192.168.1.5:443, not ${JSON.stringify(text)}.`,
  );
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, '')) {
    throw new ConfigError(
      'config_invalid',
      400,
      `FREEHOLD_ORIGIN must list origins such as https://cloud.example.org, not ${JSON.stringify(text)}.`,
    );
  }
  return url.origin;
}

/** Pages run under these names, so they must not be names whose cookies could reach the node. */
function parseGateway(text: string, origins: readonly string[]): string {
  const host = text.toLowerCase();
  const isName = /^(?=.{1,180}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(host);
  if (!isName)
    throw new ConfigError(
      'config_invalid',
      400,
      `FREEHOLD_GATEWAY must list host names such as pages.example.net, not ${JSON.stringify(text)}.`,
    );
  const near = origins.map((origin) => new URL(origin).hostname).find((own) => `.${own}`.endsWith(`.${host}`) || host.endsWith(`.${own}`));
  if (near !== undefined)
    throw new ConfigError(
      'config_invalid',
      400,
      `FREEHOLD_GATEWAY must not be ${host}, because the node itself is reached as ${near}: published pages could set its cookies. Use another domain.`,
    );
  return host;
}

function parseOwner(text: string): Address {
  const parsed = address.safeParse(text);
  if (!parsed.success)
    throw new ConfigError('config_invalid', 400, `FREEHOLD_OWNER must be a wallet address: it ${parsed.error.issues[0]?.message}.`);
  return parsed.data;
}
