import { z } from 'zod';

/** An amount in the token's atomic unit: bigint in code, decimal string on the wire, never a floating-point number. */
export const atomicAmount = z.string().regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a whole number of atomic units, as a decimal string');

/** "1.5" with 6 decimals → 1500000n. Errors: RangeError when the text is no decimal number or has more decimals than the token. */
export function parseUnits(text: string, decimals: number): bigint {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is not an amount: write it as 0.001 or 2`);
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals) throw new RangeError(`"${text}" has more than ${decimals} decimals, which this token cannot express`);
  return BigInt(match[1] + fraction.padEnd(decimals, '0'));
}

/** 1500000n with 6 decimals → "1.5". */
export function formatUnits(amount: bigint, decimals: number): string {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  const fraction = decimals > 0 ? digits.slice(-decimals).replace(/0+$/, '') : '';
  return `${sign}${digits.slice(0, digits.length - decimals)}${fraction ? `.${fraction}` : ''}`;
}
