import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { address, type Address } from '../address.ts';
import { FreeholdError } from '../error.ts';
import { hexOf, toHex, type Hex } from '../hex.ts';
import { compactJson, Numeral, parseExactly } from './exact-json.ts';

/** Why a document of OS402 is refused: it is not what it says, or it asks for what this node does not do. */
export class Os402Error extends FreeholdError<'os402_invalid' | 'os402_unsupported'> {}

const numeral = z.instanceof(Numeral, { error: 'must be a number' });
const whole = numeral.transform(({ text }) => Number(text)).pipe(z.number().int().min(0));
const hash = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be a sha256 in 64 hexadecimal digits')
  .transform((text) => text.slice(-64).toLowerCase());
const variables = z.record(z.string(), z.string());

const executable = z.strictObject({ url: z.string().optional(), sha256: hash, stack_kb: whole.optional() });

const exec = z
  .object({
    args: z.array(z.string()).optional(),
    args_extendable: z.boolean().default(false),
    env: variables.optional(),
    env_extendable: z.boolean().default(false),
    env_sha256: hash.optional(),
    env_private: z.boolean().default(false),
    stdin: z.string().optional(),
    stdin_appendable: z.boolean().default(false),
    stdin_sha256: hash.optional(),
    stdin_private: z.boolean().default(false),
  })
  .catchall(executable);

const limits = z.strictObject({
  cpu_units: whole.optional(),
  ram_kb: whole,
  buffer_capacity: whole,
  cpu_time_secs: whole,
  wall_time_secs: whole,
  net: z.boolean().default(false),
  tcp_bind: z.array(whole).default([]),
  tcp_connect: z.array(whole).default([]),
  retain: whole.optional(),
  stack_kb: whole.nullish(),
});

const price = z.strictObject({
  token: z.string(),
  token_address: z.string(),
  network: z.string(),
  /** As it was written: never a binary fraction. */
  per_second: numeral.transform(({ text }) => text),
  payment_address: z.string(),
});

/** The payload of OS402's SignedOffer (facts: x402-and-os402 §4.2). Times in SECONDS, sizes in KiB. What it does not name is refused: nobody here would keep to it. */
const payload = z.strictObject({
  name: z.string().nullish(),
  description: z.string().nullish(),
  input_schema: z.unknown().optional(),
  output_schema: z.unknown().optional(),
  pool: z.string().nullish(),
  exec,
  limits,
  price: z.array(price).min(1).max(32),
  min_duration_seconds: whole,
  max_duration_seconds: whole.nullish(),
  owner: address,
  valid_until: whole,
});
export type Os402Offer = z.output<typeof payload>;

const envelope = z.strictObject({ k256: hexOf(65), sha256: hash, payload: z.unknown() });

/** A document whose hash and signature hold. */
export type Os402Document = { hash: string; signature: Hex; offer: Os402Offer; /** As it came. */ text: string };

/** True for JSON that means to be a SignedOffer of OS402. */
export const isOs402 = (value: unknown): boolean => typeof value === 'object' && value !== null && 'k256' in value;

const invalid = (message: string, cause?: unknown) => new Os402Error('os402_invalid', 422, message, { cause });

/**
 * Reads and checks OS402's signed offer by its own rule: sha256 of the compact JSON with sorted keys, which must be the `sha256` that
 * it names, and a secp256k1 signature over it by its owner. Errors: Os402Error `os402_invalid`.
 */
export function readOs402(text: string, recover: (digest: Uint8Array, signature: Hex) => Address | undefined): Os402Document {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (cause) {
    throw invalid('The offer is not valid JSON.', cause);
  }
  const outer = parse(envelope, value);
  const digest = sha256(utf8ToBytes(compactJson(outer.payload)));
  const hash = toHex(digest).slice(2);
  if (hash !== outer.sha256)
    throw invalid(`The offer says that its sha256 is ${outer.sha256}, but it is ${hash}: it was changed after signing. Sign it again.`);
  const offer = parse(payload, outer.payload);
  if (recover(digest, outer.k256) !== offer.owner)
    throw invalid('The signature does not belong to the owner of the offer, or the offer was changed after signing. Sign it again.');
  return { hash, signature: outer.k256, offer, text };
}

function parse<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'the offer';
  throw invalid(
    issue?.code === 'unrecognized_keys'
      ? `This node does not know what ${issue.keys.join(', ').slice(0, 200)} in ${field} asks for, so it could not keep to it.`
      : `${field}: ${issue?.message ?? 'is not valid'}.`,
  );
}
