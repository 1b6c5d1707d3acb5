import { challengeLifetime } from './challenge.ts';
import type { SignInMessage } from './message.ts';

/** Clocks of wallets may be ahead by this much. */
const skewMs = 30_000;
/** A message that would be good for longer is not taken. */
const longestMs = 2 * challengeLifetime;

/**
 * What is wrong with a message that somebody else wrote, as a sentence; undefined when it is a sign-in to this origin, now. Its nonce is
 * checked where it is spent.
 */
export function problemWith(message: SignInMessage, { origin, now }: { origin: string; now: number }): string | undefined {
  const { protocol, host } = new URL(origin);
  if (message.domain !== host) return `it is a sign-in to ${message.domain}, and this is ${host}`;
  if (message.scheme !== undefined && `${message.scheme}:` !== protocol)
    return `it is a sign-in by ${message.scheme}, and this is ${protocol}//`;
  if (new URL(message.uri).origin !== origin) return `its URI is ${message.uri}, which is not of ${origin}`;
  if (message.issuedAt > now + skewMs) return 'it was issued in the future: is the clock of the wallet right?';
  if (message.issuedAt < now - challengeLifetime) return 'it was issued more than five minutes ago';
  if (message.notBefore !== undefined && message.notBefore > now) return 'it is not valid yet';
  if (message.expiresAt !== undefined && message.expiresAt <= now) return 'it has expired';
  if (message.expiresAt !== undefined && message.expiresAt > now + longestMs) return 'it would be valid for more than ten minutes';
  return undefined;
}
