import type { IncomingMessage } from 'node:http';
import type { FreeholdError } from '@freehold/protocol';
import { cookieOf } from '../cookie.ts';
import { bearerOf, type Credential, type Dialect } from './dialect.ts';

/** The node's own API. A session comes as `Authorization: Bearer` (programs) or as the cookie (browsers); never from a URL. */
export const freehold = {
  credential(request: IncomingMessage): Credential | undefined {
    const bearer = bearerOf(request);
    if (bearer) return bearer;
    const token = cookieOf(request);
    return token === undefined ? undefined : { kind: 'token', token, via: 'cookie' };
  },
  json: { types: ['application/json'], limit: 1024 * 1024 },
  crossOrigin: false,
  headers: () => ({ 'cross-origin-resource-policy': 'same-origin' }),
  failure: ({ code, message, status, details }: FreeholdError, { id }: { id: string }) => ({
    status,
    body: { error: { code, message, requestId: id, ...(details && { details }) } },
  }),
} satisfies Dialect;
