import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { address, type Address } from '@freehold/protocol';
import { z } from 'zod';
import { ConfigError } from './error.ts';

const mebibyte = 1024 * 1024;

/** Every setting of a node. Precedence: defaults, then the environment (`FREEHOLD_*`), then the flags of `freehold up`. */
const settings = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(4200),
  /** Loopback only by default: opening a node to the network is the owner's decision. */
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).optional(),
  /** Public origins under which the node is reached, such as https://cloud.example.org. Loopback names and IP addresses always work. */
  origins: z.string().default(''),
  owner: z.string().optional(),
  log: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  quotaMiB: z.coerce
    .number()
    .int()
    .min(1)
    .default(100 * 1024),
  concurrency: z.coerce.number().int().min(1).max(64).default(4),
});

export type Config = {
  port: number;
  host: string;
  dataDirectory: string;
  origins: string[];
  owner: Address | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  quotaBytes: number;
  concurrency: number;
};

type Environment = Readonly<Record<string, string | undefined>>;
export type Flags = { port?: string | undefined; host?: string | undefined; data?: string | undefined; log?: string | undefined };

/** Errors: ConfigError naming the setting and its source. */
export function readConfig({ environment = process.env, flags = {} }: { environment?: Environment; flags?: Flags } = {}): Config {
  const fromEnvironment = {
    port: environment['FREEHOLD_PORT'],
    host: environment['FREEHOLD_HOST'],
    data: environment['FREEHOLD_DATA'],
    origins: environment['FREEHOLD_ORIGIN'],
    owner: environment['FREEHOLD_OWNER'],
    log: environment['FREEHOLD_LOG'],
    quotaMiB: environment['FREEHOLD_QUOTA_MIB'],
    concurrency: environment['FREEHOLD_CONCURRENCY'],
  };
  const given = Object.fromEntries(
    [...Object.entries(fromEnvironment), ...Object.entries(flags)].filter(([, value]) => value !== undefined),
  );
  const parsed = settings.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error, flags);
  const { data, origins, owner, log, quotaMiB, ...rest } = parsed.data;
  return {
    ...rest,
    dataDirectory: resolve(data ?? join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'freehold')),
    origins: origins
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(parseOrigin),
    owner: owner === undefined || owner === '' ? undefined : parseOwner(owner),
    logLevel: log,
    quotaBytes: quotaMiB * mebibyte,
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

function parseOwner(text: string): Address {
  const parsed = address.safeParse(text);
  if (!parsed.success)
    throw new ConfigError('config_invalid', 400, `FREEHOLD_OWNER must be a wallet address: it ${parsed.error.issues[0]?.message}.`);
  return parsed.data;
}
