import { readFileSync } from 'node:fs';
import {
  networkNames,
  knownTokens,
  parseBudgets,
  parsePreferences,
  PaymentError,
  type Budget,
  type NetworkNames,
  type Preference,
} from '@freehold/payments';
import { token as tokenSchema, network as networkSchema, type Token } from '@freehold/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import type { PayOptions } from './options.ts';

/** What is paid when no limit is given: one whole token. */
const defaultMax: readonly Budget[] = [{ amount: '1' }];

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value));

/** `payments.json` in the configuration directory. Amounts are text, so that none is ever a floating-point number. */
const paymentsFile = z.strictObject({
  max: oneOrMore.optional(),
  perCallMax: oneOrMore.optional(),
  pay: oneOrMore.optional(),
  session: z.string().optional(),
  scheme: z.string().optional(),
  deposit: z.string().optional(),
  /** More tokens that may be paid with. */
  tokens: z.array(tokenSchema).default([]),
  /** More names of networks: `{"Mine":"eip155:4242"}`. */
  networks: z.record(z.string(), networkSchema).default({}),
  /** Where a chain is asked: `{"eip155:8453":"https://…"}`. */
  rpc: z.record(networkSchema, z.url()).default({}),
});

/** The ways to pay that a person may choose with `--scheme`. */
const schemes = { exact: 'exact', channel: 'batch-settlement', 'batch-settlement': 'batch-settlement', escrow: 'escrow' } as const;

export type PaySettings = {
  max: readonly Budget[];
  perCallMax: readonly Budget[];
  preferences: readonly Preference[];
  /** Undefined when the person named none: then the command is a session of its own. */
  session: string | undefined;
  /** The one scheme to pay with; undefined for the best. */
  scheme: (typeof schemes)[keyof typeof schemes] | undefined;
  deposit: string | undefined;
  tokens: readonly Token[];
  networks: NetworkNames;
  rpc: Readonly<Record<string, string>>;
};

/** The command line before the environment before the file. Errors: CliError 2. */
export function readPaySettings(own: PayOptions, { settings }: Pick<Context, 'settings'>): PaySettings {
  const file = readPaymentsFile(settings.payments);
  const networks = { ...networkNames, ...file.networks };
  const chosen = (given: string[], environment: string[], configured: string[] | undefined) =>
    given.length > 0 ? given : environment.length > 0 ? environment : (configured ?? []);
  try {
    const max = chosen(own.max, settings.pay.max, file.max).flatMap((text) => parseBudgets(text, networks));
    const perCallMax = chosen(own.perCallMax, settings.pay.perCallMax, file.perCallMax).flatMap((text) => parseBudgets(text, networks));
    return {
      // With --per-call-max alone it is the limit; with neither there is still one.
      max: max.length > 0 ? max : perCallMax.length > 0 ? perCallMax : defaultMax,
      perCallMax,
      preferences: chosen(own.pay, settings.pay.pay, file.pay).flatMap((text) => parsePreferences(text, networks)),
      session: own.session ?? settings.pay.session ?? file.session,
      scheme: readScheme(own.scheme ?? settings.pay.scheme ?? file.scheme),
      deposit: own.deposit ?? file.deposit,
      tokens: [...knownTokens, ...file.tokens],
      networks,
      rpc: file.rpc,
    };
  } catch (error) {
    if (error instanceof PaymentError) throw usageError(error.message, 'The forms are in: freehold curl --help');
    throw error;
  }
}

function readScheme(name: string | undefined): PaySettings['scheme'] {
  if (name === undefined || name === 'auto') return undefined;
  for (const [known, scheme] of Object.entries(schemes)) if (known === name) return scheme;
  throw usageError(`There is no way to pay that is called "${name}".`, 'Write --scheme exact, channel, escrow or auto.');
}

function readPaymentsFile(file: string): z.output<typeof paymentsFile> {
  let text = '{}';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw new CliError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { exitCode: 2 });
  }
  try {
    return paymentsFile.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : 'it is not JSON';
    throw new CliError(`${file} cannot be understood: ${why}`, { exitCode: 2, advice: 'See docs/paying.md for what it may hold.', cause });
  }
}
