import {
  address as addressSchema,
  defaultLimits,
  offer as offerSchema,
  parseUnits,
  type Address,
  type NodeInfo,
  type Offer,
  type ToolProposal,
} from '@freehold/protocol';
import type { Context } from '../context.ts';
import { usageError } from '../error.ts';
import { parseSize, parseTime } from '../units.ts';
import { readBytes, readVariables } from './secret.ts';

export type Common = { node?: string; key?: string; json?: boolean };
export type OfferOptions = Common & {
  /** Needed, as is the price; commander cannot ask for them without asking `offer list` too. */
  name?: string;
  price?: string;
  per?: string;
  title?: string;
  description?: string;
  tag?: string[];
  /** More programs, one for each architecture. */
  program?: string[];
  exe?: string[];
  arg?: string[];
  env?: string[];
  input?: string;
  privateEnv?: string[];
  privateInput?: string;
  deterministic?: boolean;
  vary?: string[];
  network?: string[];
  fork?: boolean;
  pool?: string;
  chargeOnError?: boolean;
  /** Sell it as a tool: it is asked what it is. */
  tool?: boolean;
  mcp?: boolean;
  cgi?: boolean;
  batch?: boolean;
  openArgs?: boolean;
  openEnv?: string[];
  openInput?: boolean;
  memory?: string;
  cpu?: string;
  wall?: string;
  output?: string;
  fuel?: string;
  minimum?: string;
  retention?: string;
  expires?: string;
  payTo?: string;
  /** OS402's name of `--node`. */
  upload?: string;
  dryRun?: boolean;
};

export const defaultExpiry = '30d';

/** Stands for the name of a tool until the program has said it. */
export const unnamed = 'tool';

/** What the options say of an offer besides its limits and its price. */
export function detailsOf(options: OfferOptions, { cwd }: Context): Partial<Offer> {
  const open = {
    ...(options.openArgs && { args: true }),
    ...(options.openEnv && { env: options.openEnv }),
    ...(options.openInput && { input: true }),
  };
  return {
    ...(options.title !== undefined && { title: options.title }),
    ...(options.tag && { tags: options.tag }),
    ...(options.batch && { interface: 'batch' as const }),
    ...(options.env && { env: readVariables(options.env, '--env', cwd) }),
    ...(options.input !== undefined && { input: readBytes(options.input, cwd).toString('base64') }),
    ...(Object.keys(open).length > 0 && { open }),
    ...(options.vary && { vary: options.vary }),
    ...(options.network && { network: options.network }),
    ...(options.fork && { fork: true }),
    ...(options.pool !== undefined && { pool: options.pool }),
    ...(options.chargeOnError && { chargeOnError: true }),
    ...(options.minimum !== undefined && { minimumMs: parseTime(options.minimum, '--minimum') }),
    ...(options.retention !== undefined && { retention: parseTime(options.retention, '--retention') }),
  };
}

/** What the program says of itself; what the command line says goes first. */
export function asTool(
  draft: Omit<Offer, 'programs'>,
  options: OfferOptions,
  { name, tool, limits, network }: ToolProposal,
): Omit<Offer, 'programs'> {
  return {
    ...draft,
    name: options.name ?? name,
    interface: 'tool',
    tool,
    limits: {
      ...draft.limits,
      ...(limits.memoryBytes !== undefined && !options.memory && { memoryBytes: limits.memoryBytes }),
      ...(limits.cpuMs !== undefined && !options.cpu && { cpuMs: limits.cpuMs }),
      ...(limits.wallMs !== undefined && !options.wall && { wallMs: limits.wallMs }),
    },
    ...(network && { network }),
  };
}

/** All of an offer that needs no program, so that a slip is told before anything is uploaded. Errors: CliError 2. */
export function draftOffer({
  options,
  token,
  owner,
  now,
}: {
  options: OfferOptions & { name: string; price: string };
  token: NonNullable<NodeInfo['token']>;
  owner: Address;
  now: number;
}): Omit<Offer, 'programs'> {
  return {
    version: 1,
    name: options.name,
    ...(options.description !== undefined && { description: options.description }),
    interface: 'cgi',
    ...(options.arg && { args: options.arg }),
    limits: {
      ...defaultLimits,
      ...(options.memory && { memoryBytes: parseSize(options.memory, '--memory') }),
      ...(options.cpu && { cpuMs: parseTime(options.cpu, '--cpu') }),
      ...(options.wall && { wallMs: parseTime(options.wall, '--wall') }),
      ...(options.output && { outputBytes: parseSize(options.output, '--output') }),
      ...(options.fuel !== undefined && { fuel: Number(options.fuel) }),
    },
    ...(options.deterministic && { deterministic: true }),
    prices: [
      {
        network: token.network,
        asset: token.asset,
        amount: readPrice(options.price, token.decimals),
        payTo: readPayee(options.payTo, owner),
        ...(options.per !== undefined && options.per !== 'call' && { per: readUnit(options.per) }),
      },
    ],
    owner,
    createdAt: now,
    expiresAt: now + parseTime(options.expires ?? defaultExpiry, '--expires'),
  };
}

function readPrice(text: string, decimals: number): string {
  try {
    return parseUnits(text, decimals).toString();
  } catch (error) {
    throw usageError(`--price: ${error instanceof Error ? error.message : String(error)}.`, 'Example: --price 0.001');
  }
}

function readUnit(text: string): 'second' | 'mfuel' {
  if (text === 'second' || text === 'mfuel') return text;
  throw usageError(`--per ${text.slice(0, 40)} is no unit.`, 'Write call, second or mfuel (a million WebAssembly instructions).');
}

function readPayee(text: string | undefined, owner: Address): Address {
  if (text === undefined) return owner;
  const parsed = addressSchema.safeParse(text);
  if (!parsed.success) throw usageError(`--pay-to ${text} is no address: it ${parsed.error.issues[0]?.message ?? 'is wrong'}.`);
  return parsed.data;
}

const optionOf: Record<string, string> = {
  memoryBytes: '--memory',
  cpuMs: '--cpu',
  wallMs: '--wall',
  outputBytes: '--output',
  name: '--name',
  description: '--description',
  args: '--arg',
  expiresAt: '--expires',
  title: '--title',
  tags: '--tag',
  env: '--env',
  input: '--input',
  open: '--open-env',
  vary: '--vary',
  network: '--network',
  pool: '--pool',
  fuel: '--fuel',
  minimumMs: '--minimum',
  retention: '--retention',
};

/** The document as it is sold. Errors: CliError 2, which names the option. */
export function readDocument(document: unknown): Offer {
  const parsed = offerSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.findLast((part) => typeof part === 'string') ?? 'offer';
  throw usageError(`${optionOf[field] ?? field} cannot be offered: ${issue?.message ?? 'it is wrong'}.`, 'freehold offer --help');
}
