import { z } from 'zod';
import { address } from './address.ts';
import { hashJson } from './canonical.ts';
import { cid } from './cid.ts';
import type { TypedData } from './eip712.ts';
import { signature, toHex, type Hex } from './hex.ts';
import { atomicAmount, formatUnits } from './money.ts';
import { network } from './network.ts';

const mebibyte = 1024 * 1024;

/**
 * Where a program runs: any node with a sandbox (WebAssembly, JavaScript), a node with that interpreter (a Python or shell
 * script), or a node of that processor (a Linux executable).
 */
export const runtime = z.enum(['wasm', 'javascript', 'python', 'sh', 'linux-x64', 'linux-arm64']);
export type Runtime = z.output<typeof runtime>;

export const program = z.strictObject({ runtime, cid });

/** What one call may use. A call that passes a limit is stopped with a named reason and costs nothing. */
export const limits = z.strictObject({
  memoryBytes: z
    .number()
    .int()
    .min(mebibyte)
    .max(4096 * mebibyte),
  cpuMs: z.number().int().min(1).max(600_000),
  wallMs: z.number().int().min(1).max(600_000),
  outputBytes: z
    .number()
    .int()
    .min(1)
    .max(64 * mebibyte),
  inputBytes: z
    .number()
    .int()
    .min(0)
    .max(64 * mebibyte),
  /** WebAssembly instructions. Counted the same way on every node, so that anybody can count again. Absent: not counted. */
  fuel: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
});
export type Limits = z.output<typeof limits>;

export const defaultLimits: Limits = {
  memoryBytes: 64 * mebibyte,
  cpuMs: 10_000,
  wallMs: 20_000,
  outputBytes: 8 * mebibyte,
  inputBytes: 16 * mebibyte,
};

/**
 * The price in one token: of one call, of each second that a batch run may take, or of each million instructions (`mfuel`) of
 * a metered WebAssembly program. Amount "0" is a free function.
 */
export const price = z.strictObject({
  network,
  asset: address,
  amount: atomicAmount,
  payTo: address,
  per: z.enum(['call', 'second', 'mfuel']).optional(),
});
export type Price = z.output<typeof price>;

/** A name by which people call a function: a DNS label. */
export const offerName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a DNS label: a to z, 0 to 9 and -, at most 63 characters');

const text = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\0]*$/, 'must not hold a NUL character');
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be the name of an environment variable');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits');
const jsonSchema = z.record(z.string(), z.json());

/** A host and a port that a program may connect to. IPv6 addresses stand in brackets. */
export const networkTarget = z
  .string()
  .max(260)
  .regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]):[1-9][0-9]{0,4}$/, 'must be host:port, such as api.example.com:443');

/** How a tool describes itself (contract `tool/1`): what the program said when it was published. */
export const toolDescription = z.strictObject({
  title: z.string().max(100).optional(),
  description: z.string().min(1).max(4000),
  inputSchema: jsonSchema,
  outputSchema: jsonSchema.optional(),
  /** Each was run in the sandbox before the offer went live. */
  examples: z
    .array(z.strictObject({ input: z.json(), output: z.json().optional() }))
    .max(16)
    .optional(),
  /** True when the program is kept running between calls (`--mcp-stream`): what it remembers of one call may show in the next. */
  stream: z.boolean().optional(),
  /** Hints for those who call, as MCP has them (`readOnlyHint`, …). */
  annotations: z.record(z.string(), z.json()).optional(),
});
export type ToolDescription = z.output<typeof toolDescription>;

/** The document that sells a function. Its id is the sha256 of its canonical JSON (RFC 8785), in hexadecimal without 0x. */
export const offer = z.strictObject({
  version: z.literal(1),
  name: offerName,
  title: z.string().min(1).max(100).optional(),
  description: z.string().max(500).optional(),
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be a lower-case word'))
    .max(16)
    .optional(),
  interface: z.enum(['cgi', 'tool', 'batch']),
  programs: z.array(program).min(1).max(8),
  /** Arguments before those of the call. */
  args: z.array(text(4096)).max(64).optional(),
  /** Variables that every run sees. */
  env: z.record(variableName, text(8192)).optional(),
  /** Standard input that comes before the caller's, in base64. */
  input: z
    .base64()
    .max(64 * 1024)
    .optional(),
  /** What the caller of a batch function may add. The default is nothing. */
  open: z
    .strictObject({ args: z.boolean().optional(), env: z.array(variableName).max(64).optional(), input: z.boolean().optional() })
    .optional(),
  /** sha256 of what only the node gets to know: uploaded apart from the offer, and never part of a task's id. */
  secret: z.strictObject({ env: sha256.optional(), input: sha256.optional() }).optional(),
  limits,
  /** The only hosts and ports that the program may connect to. None by default. */
  network: z.array(networkTarget).min(1).max(16).optional(),
  /** True for a program that starts others: all of them together stay within the limits. */
  fork: z.boolean().optional(),
  /** Names of request headers, in lower case, that reach the program and are part of the task's identity. None by default. */
  vary: z
    .array(z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a lower-case header name'))
    .max(16)
    .optional(),
  /** True when equal inputs give equal outputs: then the clock is fixed, randomness is seeded, and a repeated call is answered from the cache for free. */
  deterministic: z.boolean().optional(),
  /** How long outputs are kept, in milliseconds; the node may have less room. */
  retention: z
    .number()
    .int()
    .min(0)
    .max(366 * 86_400_000)
    .optional(),
  /** What a tool said of itself. Only for the interface `tool`. */
  tool: toolDescription.optional(),
  /** The node's pool of spare capacity in which calls are free while there is room. */
  pool: offerName.optional(),
  /** True when a run that fails by its own fault is charged, too. */
  chargeOnError: z.boolean().optional(),
  /** The shortest time that a price per second is charged for, in milliseconds. */
  minimumMs: z.number().int().min(0).max(600_000).optional(),
  prices: z.array(price).min(1).max(8),
  owner: address,
  createdAt: z.number().int().positive(),
  /** Milliseconds since the epoch, after which the offer is refused. */
  expiresAt: z.number().int().positive(),
});
export type Offer = z.output<typeof offer>;

/**
 * What only a program shall see: uploaded to a node apart from the offer, which holds the sha256 of these very bytes. The salt is
 * random, at least 16 bytes in hexadecimal: without it, everybody could try out what a short secret might be.
 */
export const secretDocument = z.strictObject({
  salt: z.string().regex(/^[0-9a-f]{32,128}$/, 'must be 32 to 128 hexadecimal digits of randomness'),
  env: z.record(variableName, text(65_536)).optional(),
  /** Standard input that comes before all other, in base64. */
  input: z
    .base64()
    .max(128 * 1024)
    .optional(),
});
export type SecretDocument = z.output<typeof secretDocument>;

export const signedOffer = z.strictObject({ offer, signature });
export type SignedOffer = z.output<typeof signedOffer>;

export const offerId = z.string().regex(/^[0-9a-f]{64}$/, 'must be the 64 hexadecimal digits of an offer');

export const offerIdOf = (document: Offer): string => toHex(hashJson(document)).slice(2);

const domainFields = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
] as const;

/**
 * What the seller's wallet shows and signs. The hash covers every field of the document; the readable fields repeat what a
 * person should check. No chain id: an offer may carry prices on several chains, and a wallet may be on any of them.
 */
export function offerTypedData(document: Offer): TypedData {
  return {
    domain: { name: 'Freehold offer', version: '1' },
    domainFields,
    primaryType: 'Offer',
    fields: [
      { name: 'name', type: 'string' },
      { name: 'price', type: 'string' },
      { name: 'owner', type: 'address' },
      { name: 'expires', type: 'string' },
      { name: 'document', type: 'bytes32' },
    ],
    message: {
      name: document.name,
      price: document.prices
        .map(({ amount, network, payTo }) => `${formatUnits(BigInt(amount), 0)} atomic units on ${network} to ${payTo}`)
        .join('; '),
      owner: document.owner,
      expires: new Date(document.expiresAt).toISOString(),
      document: toHex(hashJson(document)),
    },
  };
}

export type SignTypedData = (data: TypedData) => Promise<Hex>;

/** Where a function is called, as a path, by its name or its id. */
export const callPath = (contract: Offer['interface'], nameOrId: string): string =>
  contract === 'batch' ? `/api/offers/${nameOrId}/run` : `/${nameOrId}.${contract}`;
