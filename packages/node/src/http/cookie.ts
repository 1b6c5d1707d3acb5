import type { IncomingMessage } from 'node:http';

export const sessionCookie = 'freehold_session';

/** The session token that a browser brings by itself. */
export function cookieOf(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === sessionCookie && value) return value;
  }
  return undefined;
}
