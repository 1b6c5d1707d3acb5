import { resolve } from 'node:path';
import {
  address as addressSchema,
  defaultLimits,
  formatUnits,
  nodeInfo,
  offer as offerSchema,
  offerSummary,
  offerTypedData,
  parseUnits,
  programInfo,
  toolProposal,
  type Address,
  type NodeInfo,
  type Offer,
  type OfferSummary,
  type ToolProposal,
} from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { openNodeClient, type NodeClient } from '../node/client.ts';
import { readProgram } from '../new/read-program.ts';
import { listIn } from '../node/shape.ts';
import { withSession } from '../node/sign-in.ts';
import { print, table } from '../output.ts';
import { parseSize, parseTime } from '../units.ts';

type Common = { node?: string; key?: string; json?: boolean };
export type OfferOptions = Common & {
  /** Needed, as is the price; commander cannot ask for them without asking `offer list` too. */
  name?: string;
  price?: string;
  description?: string;
  arg?: string[];
  deterministic?: boolean;
  /** Sell it as a tool: it is asked what it is. */
  tool?: boolean;
  memory?: string;
  cpu?: string;
  wall?: string;
  output?: string;
  expires?: string;
  payTo?: string;
};

const offerList = listIn('offers', offerSummary);
const defaultExpiry = '30d';

/** Uploads a program, and puts the signed document that sells it before the node. Errors: CliError. */
export async function createOffer(file: string, options: OfferOptions, context: Context): Promise<void> {
  const { price } = options;
  const name = options.name ?? (options.tool ? unnamed : undefined);
  if (name === undefined || price === undefined) {
    throw usageError(
      `The option ${name === undefined ? '--name' : '--price'} is needed.`,
      `Example: freehold offer ${file} --name ${options.name ?? 'calculator'} --price ${price ?? '0.001'}`,
    );
  }
  const bytes = await readProgram(resolve(context.cwd, file));
  await withSession(options, context, async ({ wallet, client, node }) => {
    const { token } = await client.get('/api/node', nodeInfo);
    if (!token)
      throw new CliError(`The node at ${node} has no chain, so nothing can be sold there.`, { advice: 'See why: freehold doctor' });
    const cgi = draftOffer({ options: { ...options, name, price }, token, owner: wallet.address, now: context.now() });
    const program = await client.put('/api/programs', bytes, programInfo);
    if (program.refusal)
      throw new CliError(`The node cannot run ${file}: ${program.refusal}`, { advice: 'See what it can run: freehold doctor' });
    const draft = options.tool
      ? asTool(cgi, options, await client.post(`/api/programs/${program.cid}/describe`, describeArgs(options), toolProposal))
      : cgi;
    const document = readDocument({ ...draft, programs: [{ runtime: program.runtime, cid: program.cid }] });
    const summary = await client.post(
      '/api/offers',
      { offer: document, signature: await wallet.signTypedData(offerTypedData(document)) },
      offerSummary,
    );
    print(context, { json: options.json, value: summary, text: announce({ summary, token }) });
  });
}

/** Stands for the name of a tool until the program has said it. */
const unnamed = 'tool';

const describeArgs = ({ arg }: OfferOptions) => (arg ? { args: arg } : {});

/** What the program says of itself; what the command line says goes first. */
function asTool(
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
    },
    ...(options.deterministic && { deterministic: true }),
    prices: [
      {
        network: token.network,
        asset: token.asset,
        amount: readPrice(options.price, token.decimals),
        payTo: readPayee(options.payTo, owner),
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
};

function readDocument(document: unknown): Offer {
  const parsed = offerSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.findLast((part) => typeof part === 'string') ?? 'offer';
  throw usageError(`${optionOf[field] ?? field} cannot be offered: ${issue?.message ?? 'it is wrong'}.`, 'freehold offer --help');
}

function announce({ summary, token }: { summary: OfferSummary; token: NonNullable<NodeInfo['token']> }): string {
  const isTool = summary.offer.interface === 'tool';
  const named = new URL(`/${summary.offer.name}.${isTool ? 'tool' : 'cgi'}`, summary.url).href;
  const input = JSON.stringify(summary.offer.tool?.examples?.[0]?.input ?? {});
  return [
    `${summary.offer.name} is for sale`,
    `  price  ${priceOf(summary, token)} a call`,
    `  url    ${named}`,
    '',
    'Call it:',
    `  freehold curl ${isTool ? `--json '${input.replaceAll("'", `'\\''`)}' ` : ''}'${summary.example}'`,
  ].join('\n');
}

function priceOf({ offer }: OfferSummary, token: NodeInfo['token']): string {
  const [price] = offer.prices;
  if (!price || price.amount === '0') return 'free';
  return token?.asset === price.asset && token.network === price.network
    ? `${formatUnits(BigInt(price.amount), token.decimals)} ${token.symbol}`
    : `${price.amount} units of ${price.asset}`;
}

/** `offer list`: everybody may see what is for sale. */
export async function listOffers({ node, json }: Common, context: Context): Promise<void> {
  const client = openNodeClient({ node: node ?? context.settings.node, signal: context.signal });
  const [offers, { token }] = await Promise.all([client.get('/api/offers', offerList), client.get('/api/node', nodeInfo)]);
  const rows = offers.map((summary) => [summary.offer.name, priceOf(summary, token), summary.state, String(summary.calls), summary.url]);
  const text =
    rows.length === 0
      ? 'Nothing is for sale yet: freehold offer PROGRAM --name NAME --price 0.001'
      : table([['NAME', 'PRICE', 'STATE', 'CALLS', 'URL'], ...rows]);
  print(context, { json, value: offers, text });
}

/** By name or id; only its seller may. */
export async function withdrawOffer(name: string, options: Common, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    const { id } = await findOffer(client, name);
    const summary = await client.delete(`/api/offers/${id}`, offerSummary);
    print(context, { json: options.json, value: summary, text: `${summary.offer.name} is no longer for sale` });
  });
}

const findOffer = (client: NodeClient, name: string) => client.get(`/api/offers/${encodeURIComponent(name)}`, offerSummary);
