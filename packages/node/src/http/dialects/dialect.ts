import type { IncomingMessage } from 'node:http';
import type { FreeholdError } from '@freehold/protocol';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../route.ts';

/** Something that a caller presents to prove who it is. */
export type Credential = { kind: 'token'; token: string; via: Caller['via'] } | { kind: 'password'; user: string; password: string };

export type Dialect = {
  /** What the request presents, in the dialect's order of precedence. `body` is there on routes that read JSON. */
  credential(request: IncomingMessage, body: unknown): Credential | undefined;
  /** Media types read as JSON, and most bytes of it. */
  json: { types: readonly string[]; limit: number };
  /** True when pages of any origin may call with what they present themselves (never a cookie). */
  crossOrigin: boolean;
  /** Headers of every answer, refusals included. */
  headers(request: FastifyRequest): Record<string, string>;
  /** The error as this dialect's clients expect it. */
  failure(error: FreeholdError, request: FastifyRequest): { status: number; headers?: Record<string, string>; body: unknown };
};

export function bearerOf(request: IncomingMessage): Credential | undefined {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : { kind: 'token', token, via: 'bearer' };
}
