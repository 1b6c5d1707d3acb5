import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Arrival } from './route.ts';

export const sessionCookie = 'freehold_session';

/** The longest that a session can last. The server ends it sooner, after a week without use. */
const longestSessionSeconds = 30 * 24 * 60 * 60;

const cookie = (arrival: Arrival, value: string, maxAgeSeconds: number) =>
  `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${arrival.origin.startsWith('https:') ? '; Secure' : ''}`;

export const setSessionCookie = (reply: FastifyReply, arrival: Arrival, token: string) =>
  reply.header('set-cookie', cookie(arrival, token, longestSessionSeconds));

export const clearSessionCookie = (reply: FastifyReply, arrival: Arrival) => reply.header('set-cookie', cookie(arrival, '', 0));

/** The session token that a browser brings by itself. */
export function cookieOf(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === sessionCookie && value) return value;
  }
  return undefined;
}
