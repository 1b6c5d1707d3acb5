import { createHash } from 'node:crypto';

/**
 * Every token is 256 random bits behind a prefix that secret scanners and people can recognise: `fs_` a session, `fa_` an app,
 * `ft_` an access token. The last two carry claims behind a dot, where a reader of JWTs looks for them: Puter's SDK learns its
 * app from there. Nobody trusts them: the token is known by the hash of all of it.
 */
const prefixes = { session: 'fs_', app: 'fa_', token: 'ft_' } as const;
export type TokenKind = keyof typeof prefixes;

type Random = (length: number) => Uint8Array;

const secret = (random: Random) => Buffer.from(random(32)).toString('base64url');

export const makeToken = (random: Random) => `${prefixes.session}${secret(random)}`;

export const makeClaimingToken = (random: Random, kind: Exclude<TokenKind, 'session'>, claims: Record<string, string>) =>
  `${prefixes[kind]}${secret(random)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;

/** What kind of token a text looks like; undefined for what can be none, which then costs no look-up. */
export function kindOfToken(text: string): TokenKind | undefined {
  if (text.length > 512) return undefined;
  const prefix = /^(f[sat]_)[A-Za-z0-9_-]{43}(\.[A-Za-z0-9_-]+)?$/.exec(text);
  if (prefix?.[1] === prefixes.session) return prefix[2] === undefined ? 'session' : undefined;
  if (prefix?.[2] === undefined) return undefined;
  return prefix[1] === prefixes.app ? 'app' : 'token';
}

/** Digits and letters that are not taken for one another, five bits each (Crockford's base 32). */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** An app password is typed by hand into phones and file managers: 125 random bits in five groups. */
export function makePassword(random: Random): string {
  const letters = Array.from(random(25), (byte) => alphabet.charAt(byte & 31)).join('');
  return `fp-${letters.replaceAll(/.{5}(?=.)/g, '$&-')}`;
}

/** The password as it was given out, however it was typed; undefined when it can be none. */
export function readPassword(text: string): string | undefined {
  const letters = text.trim().toLowerCase().replace(/^fp-/, '').replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return /^[0-9a-hjkmnp-tv-z]{25}$/.test(letters) ? `fp-${letters.replaceAll(/.{5}(?=.)/g, '$&-')}` : undefined;
}

/** All that the database keeps of a token. No salt and no slow hash: there are at least 125 bits to guess. */
export const hashToken = (token: string): Uint8Array => new Uint8Array(createHash('sha256').update(token).digest());
