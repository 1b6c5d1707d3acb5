import canonicalize from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/** RFC 8785 (JCS): the one text of a JSON value, so that a hash of it means the value. Errors: TypeError for what JSON cannot say. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('This value has no JSON form');
  return text;
}

/** sha256 of the canonical JSON, 32 bytes. */
export const hashJson = (value: unknown): Uint8Array => sha256(utf8ToBytes(canonicalJson(value)));
