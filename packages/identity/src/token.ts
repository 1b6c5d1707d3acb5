import { createHash } from 'node:crypto';

/** A session token: 256 random bits behind a prefix that secret scanners and people can recognise. */
export const makeToken = (random: (length: number) => Uint8Array) => `fs_${Buffer.from(random(32)).toString('base64url')}`;

export const isToken = (text: string) => /^fs_[A-Za-z0-9_-]{43}$/.test(text);

/** All that the database keeps of a token. No salt and no slow hash: there are 256 bits to guess. */
export const hashToken = (token: string): Uint8Array => new Uint8Array(createHash('sha256').update(token).digest());
