import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import { z } from 'zod';
import { fromBase32, toBase32 } from './base32.ts';

export const rawCodec = 0x55;
export const dagPbCodec = 0x70;
export const dagCborCodec = 0x71;
const sha256Code = 0x12;

const sha256Size = 32;

/** CIDv1 in base32 over a sha2-256 digest. */
export function cidOf(codec: number, sha256Digest: Uint8Array): string {
  // All three codecs are one byte. The library does the same at several times the cost, and every file and every task has its CID.
  if (codec > 0x7f || sha256Digest.length !== sha256Size) return CID.createV1(codec, digest.create(sha256Code, sha256Digest)).toString();
  const bytes = new Uint8Array(4 + sha256Size);
  bytes[0] = 1;
  bytes[1] = codec;
  bytes[2] = sha256Code;
  bytes[3] = sha256Size;
  bytes.set(sha256Digest, 4);
  return `b${toBase32(bytes)}`;
}

/** The bytes that a CID stands for. Errors: Error when it is none. */
export function cidBytes(text: string): Uint8Array {
  const bytes = text.startsWith('b') ? fromBase32(text, 1) : undefined;
  const [version, codec = 0xff, hash, size] = bytes ?? [];
  const isOurs = bytes?.length === 4 + sha256Size && version === 1 && codec < 0x80 && hash === sha256Code && size === sha256Size;
  return isOurs ? bytes : CID.parse(text).bytes;
}

/** The digest in a CID. Errors: Error when it is none. */
export const digestOf = (text: string): Uint8Array => CID.parse(text).multihash.digest;

/** A CIDv1 in base32, as text. */
export const cid = z.string().refine((text) => {
  try {
    return text.length < 128 && CID.parse(text).toString() === text && text.startsWith('b');
  } catch {
    return false;
  }
}, 'must be a CIDv1 in base32, such as bafkrei…');
