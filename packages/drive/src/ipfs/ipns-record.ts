import { verify } from 'node:crypto';
import * as dagCbor from '@ipld/dag-cbor';
import { DriveError } from '../error.ts';
import { keyOfName } from './ipns-name.ts';
import { fieldsOf } from './protobuf.ts';

export type IpnsRecord = {
  /** `/ipfs/<cid>…` or `/ipns/<name>…`. */
  value: string;
  sequence: bigint;
  /** How long it may be cached, in milliseconds. */
  ttl: number;
  /** When it ends, in milliseconds since the epoch. */
  validUntil: number;
};

export const largestRecord = 10 * 1024;
/** Numbers of the fields of the message `IpnsEntry`. */
const field = { value: 1, validityType: 3, validity: 4, sequence: 5, ttl: 6, pubKey: 7, signatureV2: 8, data: 9 } as const;
const untilTime = 0n;
const signedPrefix = Buffer.from('ipns-signature:');

/**
 * Reads a signed record as the IPNS specification asks: the version 2 signature counts and nothing else does; what the outer message repeats
 * must be what was signed. Errors: `record_invalid`.
 */
export function readRecord(name: string, bytes: Uint8Array, now: number): IpnsRecord {
  if (bytes.length > largestRecord) throw invalid(`It has ${bytes.length} bytes; at most ${largestRecord} are possible.`);
  const outer = fieldsOf(bytes);
  if (!outer) throw invalid('It is not a protobuf message.');
  const last = (number: number) => outer.get(number)?.at(-1);
  const data = last(field.data);
  const signature = last(field.signatureV2);
  const pubKey = last(field.pubKey);
  if (!(data instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw invalid('It has no signature of version 2. Sign it again with a newer program.');
  const key = keyOfName(name, pubKey instanceof Uint8Array ? pubKey : undefined);
  if (!key) throw invalid('The name is not that of an Ed25519 or RSA key, or the key in the record is another one.');
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  if (!verify(algorithm, Buffer.concat([signedPrefix, data]), key, signature))
    throw invalid('Its signature is not one of the key that the name stands for.');

  const inner = signedFields(data);
  for (const [number, signed] of [
    [field.value, inner.value],
    [field.validity, inner.validity],
    [field.validityType, inner.validityType],
    [field.sequence, inner.sequence],
    [field.ttl, inner.ttl],
  ] as const) {
    const repeated = last(number);
    if (repeated !== undefined && !isSame(repeated, signed)) throw invalid('Its outer fields are not the ones that were signed.');
  }
  if (inner.validityType !== untilTime) throw invalid('Its validity is of an unknown kind.');
  const validUntil = timeOf(Buffer.from(inner.validity).toString('utf8'));
  if (validUntil <= now) throw invalid('It is no longer valid. Sign a newer one.');
  const value = Buffer.from(inner.value).toString('utf8');
  if (!/^\/ip[fn]s\/[^/]/.test(value)) throw invalid('It points at something other than /ipfs/… or /ipns/….');
  return { value, sequence: inner.sequence, ttl: Number(inner.ttl / 1_000_000n), validUntil };
}

function signedFields(data: Uint8Array) {
  let fields: unknown;
  try {
    fields = dagCbor.decode(data);
  } catch (cause) {
    throw invalid('What it signs is not DAG-CBOR.', cause);
  }
  const map = new Map(typeof fields === 'object' && fields !== null ? Object.entries(fields) : []);
  const bytes = (key: string): Uint8Array => {
    const value: unknown = map.get(key);
    if (value instanceof Uint8Array) return value;
    throw invalid(`What it signs has no ${key}.`);
  };
  const integer = (key: string): bigint => {
    const value: unknown = map.get(key);
    const number = typeof value === 'bigint' ? value : typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : -1n;
    if (number >= 0n) return number;
    throw invalid(`What it signs has no proper ${key}.`);
  };
  return {
    value: bytes('Value'),
    validity: bytes('Validity'),
    validityType: integer('ValidityType'),
    sequence: integer('Sequence'),
    ttl: integer('TTL'),
  };
}

const isSame = (one: bigint | Uint8Array, other: bigint | Uint8Array) =>
  one instanceof Uint8Array && other instanceof Uint8Array ? Buffer.compare(one, other) === 0 : one === other;

/** RFC 3339 with up to nine digits behind the second. */
function timeOf(text: string): number {
  const [, seconds, fraction = '', zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const time = seconds === undefined ? NaN : Date.parse(`${seconds}${fraction.slice(0, 4)}${zone}`);
  if (Number.isNaN(time)) throw invalid('The time of its end is none.');
  return time;
}

const invalid = (why: string, cause?: unknown) => new DriveError('record_invalid', `This IPNS record is not taken. ${why}`, { cause });
