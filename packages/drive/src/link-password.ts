import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string | Uint8Array, Uint8Array, number, Buffer>(scrypt);
const length = 32;
/** How long who gave the password need not give it again. */
const passLifetime = 12 * 3_600_000;

export async function hashPassword(password: string): Promise<{ salt: Uint8Array; password: Uint8Array }> {
  const salt = randomBytes(16);
  return { salt, password: await derive(password.normalize('NFC'), salt, length) };
}

export async function isPassword(given: string, { salt, password }: { salt: Uint8Array; password: Uint8Array }): Promise<boolean> {
  return timingSafeEqual(await derive(given.normalize('NFC'), salt, length), password);
}

/**
 * What stands for the password afterwards: `<expiry>.<HMAC>`, keyed with the stored hash, so that it ends with the link, with its
 * password and after 12 hours, and needs no row of its own.
 */
export function makePass({ id, password, now }: { id: string; password: Uint8Array; now: number }): string {
  const expiry = now + passLifetime;
  return `${expiry}.${tagOf({ id, password, expiry }).toString('base64url')}`;
}

export function isPass(pass: string, { id, password, now }: { id: string; password: Uint8Array; now: number }): boolean {
  const [, expiry, tag] = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(pass) ?? [];
  if (expiry === undefined || tag === undefined || Number(expiry) <= now) return false;
  return timingSafeEqual(Buffer.from(tag, 'base64url'), tagOf({ id, password, expiry: Number(expiry) }));
}

const tagOf = ({ id, password, expiry }: { id: string; password: Uint8Array; expiry: number }) =>
  createHmac('sha256', password).update(`${id}.${expiry}`).digest();
