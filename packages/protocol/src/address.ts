import { keccak_256 } from '@noble/hashes/sha3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { fromHex, toHex, type Hex } from './hex.ts';

/** An Ethereum address in its EIP-55 mixed-case form: the only form used in memory, in the database and on the wire. */
export type Address = Hex;

/** EIP-55. `digits` are 40 hexadecimal digits in any case, without 0x. */
function checksummed(digits: string): Address {
  const lower = digits.toLowerCase();
  const hash = toHex(keccak_256(utf8ToBytes(lower))).slice(2);
  return `0x${Array.from(lower, (digit, index) => (Number.parseInt(hash[index] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
}

/** Parses an address at the border: lower or upper case is taken, mixed case must carry the right EIP-55 checksum. */
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x followed by 40 hexadecimal digits')
  .transform((value, context): Address => {
    const digits = value.slice(2);
    const normal = checksummed(digits);
    const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
    if (isMixed && normal !== value) context.addIssue({ code: 'custom', message: 'has a wrong checksum: copy the address again' });
    return normal;
  });

/** The address of a 65-byte uncompressed public key (leading 0x04). */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return checksummed(toHex(keccak_256(publicKey.subarray(1)).subarray(12)).slice(2));
}

/** For constants and chain answers that are known to be addresses. Errors: TypeError. */
export function toAddress(value: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(value)) throw new TypeError('Not an address');
  return checksummed(value.slice(2));
}

export const zeroAddress: Address = toHex(fromHex('00'.repeat(20)));
