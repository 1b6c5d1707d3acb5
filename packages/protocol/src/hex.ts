import { z } from 'zod';

export type Hex = `0x${string}`;

/** `0x` and exactly `bytes` bytes in lower case; upper-case input is accepted and lowered. */
export const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `must be 0x followed by ${bytes * 2} hexadecimal digits`)
    .transform((value): Hex => `0x${value.slice(2).toLowerCase()}`);

export const bytes32 = hexOf(32);

/** 65 bytes: r, s and the recovery byte v (27 or 28). */
export const signature = hexOf(65);

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): Hex {
  let text: Hex = '0x';
  for (const byte of bytes) text += pairs[byte];
  return text;
}

/** Errors: TypeError when the text is not an even number of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new TypeError('Not hexadecimal bytes');
  const bytes = new Uint8Array(digits.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = (valueOf(digits.charCodeAt(index * 2)) << 4) | valueOf(digits.charCodeAt(index * 2 + 1));
  return bytes;
}

/** Of one hexadecimal digit, by its code. */
const valueOf = (code: number): number => (code & 0xf) + (code >> 6) * 9;
