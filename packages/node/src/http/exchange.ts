import type { IncomingMessage, ServerResponse } from 'node:http';
import { goneSignal } from './gone-signal.ts';
import type { Arrival, Caller } from './route.ts';

export type AnswerHeaders = Record<string, string | string[]>;

/** A request with the means to answer it, whichever way it came: through Fastify, or past it (`front.ts`). */
export type Exchange = {
  /** Names the request in answers and in the log. */
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrival: Arrival;
  readonly caller: Caller | undefined;
  /** What is known of the answer's headers so far, in lower case; a refusal has them too. */
  headers: AnswerHeaders;
  /** Aborted when the caller goes away; made when somebody asks for it. */
  readonly signal: () => AbortSignal;
};

/** Headers of every answer. */
export const commonHeaders = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' } as const;

export function openExchange(given: Omit<Exchange, 'signal'>): Exchange {
  let signal: AbortSignal | undefined;
  return { ...given, signal: () => (signal ??= goneSignal(given.response)) };
}

/** Bodies up to this size go out in one piece with their head. */
const mostInOnePiece = 16 * 1024;

/** Answers with the headers of the exchange and the length of the body. */
export function sendAnswer({ request, response, headers }: Exchange, status: number, body: Buffer | string): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  // The answer to HEAD has the length that the body would have, where that is known.
  if (status !== 204 && status !== 304 && (bytes.length > 0 || request.method !== 'HEAD')) headers['content-length'] = String(bytes.length);
  // A browser that is told not to guess needs a type.
  if (bytes.length > 0) headers['content-type'] ??= 'application/octet-stream';
  response.writeHead(status, flat(headers));
  // As Latin-1 text it is the bytes themselves, and one write with the head.
  if (bytes.length > mostInOnePiece) response.end(bytes);
  else response.end(bytes.toString('latin1'), 'latin1');
}

/** Names and values in turn, as `writeHead` takes them without making another object. */
export function flat(headers: AnswerHeaders): string[] {
  const list: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') list.push(name, value);
    else if (value) for (const one of value) list.push(name, one);
  }
  return list;
}
