import {
  callPath,
  formatUnits,
  nodeInfo,
  offerSummary,
  offerTypedData,
  offerIdOf,
  toolProposal,
  type NodeInfo,
  type Offer,
  type OfferSummary,
  type ProgramInfo,
} from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { openNodeClient, type NodeClient } from '../node/client.ts';
import { listIn } from '../node/shape.ts';
import { withSession } from '../node/sign-in.ts';
import { asTool, defaultExpiry, detailsOf, draftOffer, readDocument, unnamed, type Common, type OfferOptions } from '../offer/draft.ts';
import { openProgramFile } from '../offer/program-file.ts';
import { makeSecret, uploadSecret } from '../offer/secret.ts';
import { uploadProgram } from '../offer/upload.ts';
import { print, table } from '../output.ts';
import { parseTime } from '../units.ts';

const offerList = listIn('offers', offerSummary);

/** Uploads a program, and puts the signed document that sells it before the node. Errors: CliError. */
export async function createOffer(file: string | undefined, given: OfferOptions, context: Context): Promise<void> {
  const options = { ...given, ...((given.tool || given.mcp) && { tool: true }), ...(given.upload !== undefined && { node: given.upload }) };
  const { price } = options;
  const name = options.name ?? (options.tool ? unnamed : undefined);
  const named = [...(file === undefined ? [] : [file]), ...(options.program ?? []), ...(options.exe ?? [])];
  if (named.length === 0)
    throw usageError('Name a program to sell.', 'Example: freehold offer calculator.wasm --name calculator --price 0.001');
  if (name === undefined || price === undefined) {
    throw usageError(
      `The option ${name === undefined ? '--name' : '--price'} is needed.`,
      `Example: freehold offer ${named[0]} --name ${options.name ?? 'calculator'} --price ${price ?? '0.001'}`,
    );
  }
  const files = await Promise.all(named.map((text) => openProgramFile(text, context.cwd)));
  const secret = makeSecret(options, context);
  const details = detailsOf(options, context);
  await withSession(options, context, async ({ wallet, client, node }) => {
    const { token } = await client.get('/api/node', nodeInfo);
    if (!token)
      throw new CliError(`The node at ${node} has no chain, so nothing can be sold there.`, { advice: 'See why: freehold doctor' });
    const cgi = {
      ...draftOffer({ options: { ...options, name, price }, token, owner: wallet.address, now: context.now() }),
      ...details,
      ...(secret && { secret: secret.secret }),
    };
    if (options.dryRun) {
      const programs = files.map(({ cid, runtime, path }) => {
        if (runtime === undefined)
          throw usageError(`What ${path} is for cannot be read from it.`, 'Write it before the name, as javascript:FILE');
        return { runtime, cid };
      });
      const document = readDocument({ ...cgi, programs });
      print(context, {
        json: true,
        value: { id: offerIdOf(document), offer: document, upload: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })) },
        text: '',
      });
      return;
    }
    const programs: ProgramInfo[] = [];
    for (const program of files) programs.push(await uploadProgram(client, program, context));
    const [first] = programs;
    const runnable = programs.find(({ refusal }) => refusal === null);
    if (!first || !runnable)
      throw new CliError(`The node cannot run ${named.join(', ')}: ${first?.refusal}`, { advice: 'See what it can run: freehold doctor' });
    if (secret) await uploadSecret(client, secret);
    const draft = options.tool
      ? asTool(cgi, options, await client.post(`/api/programs/${runnable.cid}/describe`, describeArgs(cgi), toolProposal))
      : cgi;
    const document = readDocument({ ...draft, programs: programs.map(({ runtime, cid }) => ({ runtime, cid })) });
    const summary = await client.post(
      '/api/offers',
      { offer: document, signature: await wallet.signTypedData(offerTypedData(document)) },
      offerSummary,
    );
    print(context, { json: options.json, value: summary, text: announce({ summary, token }) });
  });
}

/** `offer renew`: the same document, signed anew with a later expiry. Errors: CliError. */
export async function renewOffer(name: string, options: Common & { expires?: string }, context: Context): Promise<void> {
  await withSession(options, context, async ({ wallet, client }) => {
    const { token } = await client.get('/api/node', nodeInfo);
    const { offer } = await findOffer(client, name);
    const now = context.now();
    const document = { ...offer, createdAt: now, expiresAt: now + parseTime(options.expires ?? defaultExpiry, '--expires') };
    const summary = await client.post(
      '/api/offers',
      { offer: document, signature: await wallet.signTypedData(offerTypedData(document)) },
      offerSummary,
    );
    const text = `${offer.name} is for sale until ${new Date(document.expiresAt).toISOString()} (${priceOf(summary, token)})`;
    print(context, { json: options.json, value: summary, text });
  });
}

const describeArgs = ({ args, env }: Omit<Offer, 'programs'>) => ({ ...(args && { args }), ...(env && { env }) });

function announce({ summary, token }: { summary: OfferSummary; token: NonNullable<NodeInfo['token']> }): string {
  const { name, interface: contract, tool } = summary.offer;
  const input = JSON.stringify(tool?.examples?.[0]?.input ?? {}).replaceAll("'", `'\\''`);
  const calls = {
    cgi: `freehold curl '${summary.example}'`,
    tool: `freehold curl --json '${input}' '${summary.example}'`,
    batch: `freehold run ${name}`,
  };
  return [
    `${name} is for sale`,
    `  price  ${priceOf(summary, token)}`,
    `  url    ${new URL(callPath(contract, name), summary.url).href}`,
    '',
    'Call it:',
    `  ${calls[contract]}`,
  ].join('\n');
}

const units = { call: 'a call', second: 'a second', mfuel: 'a million instructions' };

function priceOf({ offer }: OfferSummary, token: NodeInfo['token']): string {
  const [price] = offer.prices;
  if (!price || price.amount === '0') return 'free';
  const isKnown = token?.asset === price.asset && token.network === price.network;
  const amount = isKnown
    ? `${formatUnits(BigInt(price.amount), token.decimals)} ${token.symbol}`
    : `${price.amount} units of ${price.asset}`;
  return `${amount} ${units[price.per ?? 'call']}`;
}

type ListOptions = { tag?: string; text?: string; owner?: string; interface?: string; limit?: string; after?: string };

function queryOf(filter: ListOptions): string {
  const given = Object.entries(filter).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  const query = new URLSearchParams(given).toString();
  return query === '' ? '' : `?${query}`;
}

/** `offer list`: everybody may see what is for sale. */
export async function listOffers({ node, json, ...filter }: Common & ListOptions, context: Context): Promise<void> {
  const client = openNodeClient({ node: node ?? context.settings.node, signal: context.signal });
  const [offers, { token }] = await Promise.all([
    client.get(`/api/offers${queryOf(filter)}`, offerList),
    client.get('/api/node', nodeInfo),
  ]);
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
