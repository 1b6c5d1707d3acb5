import { address } from '../address.ts';
import { cidOf, rawCodec } from '../cid.ts';
import { fromHex } from '../hex.ts';
import type { Token } from '../network.ts';
import { offer as offerSchema, offerName, type Offer, type Price, type Runtime } from '../offer.ts';
import { atomicUnits } from './amount.ts';
import { Os402Error, type Os402Document, type Os402Offer } from './document.ts';

const mebibyte = 1024 * 1024;
/** OS402 takes requests of at most 2 MB. */
const inputBytes = 2 * mebibyte;

const runtimes: Record<string, Runtime> = { x86_64: 'linux-x64', amd64: 'linux-x64', aarch64: 'linux-arm64', arm64: 'linux-arm64' };
/** OS402's names of chains, without case and dashes. */
const chains: Record<string, number> = {
  ethereum: 1,
  sepolia: 11155111,
  ethereumsepolia: 11155111,
  base: 8453,
  basesepolia: 84532,
  optimism: 10,
  polygon: 137,
  polygonamoy: 80002,
  arbitrum: 42161,
  arbitrumsepolia: 421614,
  avalanche: 43114,
  avalanchefuji: 43113,
  os402: 402,
  os402testnet: 402402,
};

const unsupported = (message: string) => new Os402Error('os402_unsupported', 422, message);

/** The executables that the document names, by OS402's name of the architecture. */
export function os402Programs({ exec }: Os402Offer): { arch: string; sha256: string; runtime: Runtime }[] {
  const known = new Set(['args', 'env', 'stdin', 'env_sha256', 'stdin_sha256']);
  return Object.entries(exec).flatMap(([arch, value]) => {
    if (known.has(arch) || typeof value !== 'object' || value === null || Array.isArray(value) || !('sha256' in value)) return [];
    const runtime = runtimes[arch];
    if (runtime === undefined)
      throw unsupported(`This node runs nothing for the processor "${arch.slice(0, 32)}": offer x86_64 or aarch64.`);
    if (value.stack_kb !== undefined) throw unsupported('The size of the stack cannot be chosen here: leave "stack_kb" out.');
    return [{ arch, sha256: value.sha256, runtime }];
  });
}

/** What came beside the document: values that it names by their sha256 alone. */
export type Os402Parts = { env?: Readonly<Record<string, string>>; stdin?: Uint8Array };

/**
 * Our offer that means the same. What cannot be kept to is refused, each with its sentence; docs/offers.md has the table.
 * `parts`: the variables and the input that the document holds by hash and that are not private. Errors: Os402Error.
 */
export function offerOfOs402(
  { hash, offer }: Pick<Os402Document, 'hash' | 'offer'>,
  { token, now, parts = {} }: { token: Token; now: number; parts?: Os402Parts },
): Offer {
  const { exec, limits, pool } = offer;
  if (limits.net || limits.tcp_bind.length > 0 || limits.tcp_connect.length > 0)
    throw unsupported('OS402 opens ports to every host; this node opens named hosts only: sell it as an offer of Freehold with "network".');
  if (limits.stack_kb != null) throw unsupported('The size of the stack cannot be chosen here: leave "stack_kb" out.');
  const isCgi = exec.env_extendable && exec.stdin_appendable;
  if (exec.env_extendable && !isCgi)
    throw unsupported('A batch function cannot take variables of any name from its callers here: leave "env_extendable" out.');
  const seconds = Math.max(1, offer.min_duration_seconds);
  const wallSeconds = Math.min(limits.wall_time_secs, offer.max_duration_seconds ?? Infinity);
  if (!isCgi && seconds > wallSeconds)
    throw unsupported(`"min_duration_seconds" is ${seconds}, longer than the ${wallSeconds} seconds that a run may take.`);

  for (const [part, sha256, isPrivate] of [
    ['env', exec.env_sha256, exec.env_private],
    ['stdin', exec.stdin_sha256, exec.stdin_private],
  ] as const)
    if (sha256 !== undefined && !isPrivate && parts[part] === undefined)
      throw unsupported(`The offer names the sha256 of its "${part}", and the part "${part}" did not come with it. Send it, too.`);
  const env = { ...exec.env, ...(exec.env_private ? {} : parts.env) };
  const stdin = exec.stdin_private ? undefined : parts.stdin;
  const input = stdin === undefined ? exec.stdin : base64Of(stdin);
  const document = {
    version: 1,
    name: nameOf(offer, hash),
    ...(offer.description != null && { description: offer.description }),
    interface: isCgi ? 'cgi' : 'batch',
    programs: os402Programs(offer).map(({ sha256, runtime }) => ({ runtime, cid: cidOf(rawCodec, fromHex(sha256)) })),
    ...(exec.args && exec.args.length > 0 && { args: exec.args }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(input !== undefined && input !== '' && { input }),
    ...(!isCgi &&
      (exec.args_extendable || exec.stdin_appendable) && { open: { args: exec.args_extendable, input: exec.stdin_appendable } }),
    ...secretOf(offer),
    limits: {
      memoryBytes: limits.ram_kb * 1024,
      cpuMs: limits.cpu_time_secs * 1000,
      wallMs: wallSeconds * 1000,
      outputBytes: limits.buffer_capacity,
      inputBytes,
    },
    ...(limits.retain !== undefined && { retention: limits.retain * 1000 }),
    ...(pool != null && { pool }),
    ...(!isCgi && { minimumMs: seconds * 1000 }),
    prices: [priceOf(offer, { token, isCgi, seconds })],
    owner: offer.owner,
    createdAt: now,
    expiresAt: offer.valid_until * 1000,
  };
  const parsed = offerSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unsupported(`${issue?.path.join('.') ?? 'The offer'} cannot be offered here: it ${issue?.message ?? 'is not valid'}.`);
}

function nameOf({ name }: Os402Offer, hash: string): string {
  if (name == null) return `os402-${hash.slice(0, 12)}`;
  if (offerName.safeParse(name).success) return name;
  throw unsupported(`"${name.slice(0, 64)}" is no name here: a to z, 0 to 9 and -, at most 63 characters. Choose another, or none.`);
}

function secretOf({ exec }: Os402Offer): Pick<Offer, 'secret'> {
  if ((exec.env_private && exec.env_sha256 === undefined) || (exec.stdin_private && exec.stdin_sha256 === undefined))
    throw unsupported('What is private must be named by its sha256: "env_sha256", "stdin_sha256".');
  const secret = {
    ...(exec.env_private && exec.env_sha256 !== undefined && { env: exec.env_sha256 }),
    ...(exec.stdin_private && exec.stdin_sha256 !== undefined && { input: exec.stdin_sha256 }),
  };
  return Object.keys(secret).length > 0 ? { secret } : {};
}

/** The price in the token that this node takes. A call of a CGI program costs the shortest time, as OS402 has it. */
function priceOf({ price }: Os402Offer, { token, isCgi, seconds }: { token: Token; isCgi: boolean; seconds: number }): Price {
  const taken = price.find(
    ({ network, token_address }) => networkOf(network) === token.network && token_address.toLowerCase() === token.asset.toLowerCase(),
  );
  if (!taken)
    throw unsupported(
      `This node takes ${token.symbol} (${token.asset}) on ${token.network}, and none of the prices is in it: add one to "price".`,
    );
  const amount = atomicUnits(taken.per_second, { seconds: isCgi ? seconds : 1, decimals: token.decimals });
  const payTo = address.safeParse(taken.payment_address);
  if (amount === undefined) throw unsupported(`${taken.per_second.slice(0, 40)} is no price: write it as a decimal number.`);
  if (!payTo.success) throw unsupported(`payment_address: it ${payTo.error.issues[0]?.message ?? 'is no address'}.`);
  return {
    network: token.network,
    asset: token.asset,
    amount: amount.toString(),
    payTo: payTo.data,
    ...(!isCgi && { per: 'second' as const }),
  };
}

const networkOf = (name: string): string | undefined => {
  if (/^eip155:\d+$/.test(name)) return name;
  const chain = chains[name.toLowerCase().replace(/[-_ ]/g, '')];
  return chain === undefined ? undefined : `eip155:${chain}`;
};

const base64Of = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
