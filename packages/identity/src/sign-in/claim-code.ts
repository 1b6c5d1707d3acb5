import { createHash, timingSafeEqual } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const tries = 10;

export type ClaimCode = {
  /** The code in force, as printed: `XXXX-XXXX`. */
  current(): string;
  /** `rotated`: wrong, and it was the last try, so another code is in force now. */
  check(code: string): 'right' | 'wrong' | 'rotated';
};

/**
 * The one-time code that proves, from another machine, that a person can read what the node printed: 40 bits in Crockford's
 * base32. Ten wrong tries replace it. It lives in memory only: a restart makes another.
 */
export function createClaimCode({
  random,
  onChange,
}: {
  random: (length: number) => Uint8Array;
  onChange: (code: string) => void;
}): ClaimCode {
  let code = makeCode(random);
  let left = tries;
  onChange(code);
  return {
    current: () => code,
    check(given) {
      if (timingSafeEqual(digest(given), digest(code))) return 'right';
      if (--left > 0) return 'wrong';
      code = makeCode(random);
      left = tries;
      onChange(code);
      return 'rotated';
    },
  };
}

function makeCode(random: (length: number) => Uint8Array): string {
  const letters = Array.from(random(8), (byte) => alphabet[byte & 31]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** Read as people type it: any case, with or without the dash, and the look-alikes that Crockford names. */
const normal = (code: string) => code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
const digest = (code: string) => createHash('sha256').update(normal(code)).digest();
