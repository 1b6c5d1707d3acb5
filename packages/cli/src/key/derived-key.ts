import { keccak_256 } from '@noble/hashes/sha3.js';

/** keccak256(key ‖ utf8(namespace)): one key for every purpose from one that is kept (OS402's `key derive`). */
export const derivedKey = (key: Uint8Array, namespace: string): Uint8Array =>
  keccak_256(Buffer.concat([key, Buffer.from(namespace, 'utf8')]));
