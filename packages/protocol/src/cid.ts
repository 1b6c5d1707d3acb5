import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import { z } from 'zod';

export const rawCodec = 0x55;
export const dagPbCodec = 0x70;
export const dagCborCodec = 0x71;
const sha256Code = 0x12;

/** CIDv1 in base32 over a sha2-256 digest. */
export const cidOf = (codec: number, sha256Digest: Uint8Array): string =>
  CID.createV1(codec, digest.create(sha256Code, sha256Digest)).toString();

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
