import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import * as dagCbor from '@ipld/dag-cbor';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import { identity } from 'multiformats/hashes/identity';
import { encodeVarint } from '../ipfs/varint.ts';

export type TestKey = { privateKey: KeyObject; name: string; peerId: string };

export function ipnsKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytes = Buffer.concat([Buffer.from([8, 1, 18, 32]), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)]);
  const digest = identity.digest(bytes);
  return { privateKey, name: CID.createV1(0x72, digest).toString(base36), peerId: base58btc.baseEncode(digest.bytes) };
}

export type RecordParts = {
  value?: string;
  sequence?: number;
  /** Milliseconds since the epoch. */
  validUntil?: number;
  /** Seconds. */
  ttl?: number;
  /** Changes what is signed, the outer fields, or both, before the bytes are made. */
  change?: (parts: { signed: Record<string, unknown>; outer: Map<number, Uint8Array | number> }) => void;
};

/** A record as Kubo writes them: what is signed, and the same once more outside. */
export function ipnsRecord(
  key: TestKey,
  { value = '/ipfs/bafkqaaa', sequence = 1, validUntil = 4_000_000_000_000, ttl = 1800, change }: RecordParts = {},
): Buffer {
  const validity = Buffer.from(new Date(validUntil).toISOString().replace('Z', '000000Z'));
  const signed: Record<string, unknown> = {
    Value: Buffer.from(value),
    Validity: validity,
    ValidityType: 0,
    Sequence: sequence,
    TTL: ttl * 1_000_000_000,
  };
  const outer = new Map<number, Uint8Array | number>([
    [1, Buffer.from(value)],
    [2, Buffer.alloc(64, 1)],
    [3, 0],
    [4, validity],
    [5, sequence],
    [6, ttl * 1_000_000_000],
  ]);
  change?.({ signed, outer });
  const data = dagCbor.encode(signed);
  if (!outer.has(9)) outer.set(9, data);
  if (!outer.has(8)) outer.set(8, sign(null, Buffer.concat([Buffer.from('ipns-signature:'), data]), key.privateKey));
  return Buffer.concat(
    [...outer].flatMap(([number, field]) =>
      typeof field === 'number'
        ? [encodeVarint(number * 8), encodeVarint(field)]
        : [encodeVarint(number * 8 + 2), encodeVarint(field.length), field],
    ),
  );
}
