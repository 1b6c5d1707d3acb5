import { z } from 'zod';
import { address } from './address.ts';
import { hashJson } from './canonical.ts';
import { cid } from './cid.ts';
import type { TypedData } from './eip712.ts';
import { signature, toHex, type Hex } from './hex.ts';
import { atomicAmount, formatUnits } from './money.ts';
import { network } from './network.ts';

const mebibyte = 1024 * 1024;

/** Where a program runs: any node (WebAssembly), or a node of that processor with the native sandbox. */
export const runtime = z.enum(['wasm', 'linux-x64', 'linux-arm64']);
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
});
export type Limits = z.output<typeof limits>;

export const defaultLimits: Limits = {
  memoryBytes: 64 * mebibyte,
  cpuMs: 10_000,
  wallMs: 20_000,
  outputBytes: 8 * mebibyte,
  inputBytes: 16 * mebibyte,
};

/** The price of one call in one token. Amount "0" is a free function. */
export const price = z.strictObject({ network, asset: address, amount: atomicAmount, payTo: address });
export type Price = z.output<typeof price>;

/** A name by which people call a function: a DNS label. */
export const offerName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a DNS label: a to z, 0 to 9 and -, at most 63 characters');

/** The document that sells a function. Its id is the sha256 of its canonical JSON (RFC 8785), in hexadecimal without 0x. */
export const offer = z.strictObject({
  version: z.literal(1),
  name: offerName,
  description: z.string().max(500).optional(),
  interface: z.enum(['cgi', 'tool', 'batch']),
  programs: z.array(program).min(1).max(8),
  /** Arguments before those of the call. */
  args: z
    .array(
      z
        .string()
        .max(4096)
        .regex(/^[^\0]*$/, 'must not hold a NUL character'),
    )
    .max(64)
    .optional(),
  limits,
  /** Names of request headers, in lower case, that reach the program and are part of the task's identity. None by default. */
  vary: z
    .array(z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a lower-case header name'))
    .max(16)
    .optional(),
  /** True when equal inputs give equal outputs: then the clock is fixed, randomness is seeded, and a repeated call is answered from the cache for free. */
  deterministic: z.boolean().optional(),
  prices: z.array(price).min(1).max(8),
  owner: address,
  createdAt: z.number().int().positive(),
  /** Milliseconds since the epoch, after which the offer is refused. */
  expiresAt: z.number().int().positive(),
});
export type Offer = z.output<typeof offer>;

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
