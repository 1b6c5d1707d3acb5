import type { IncomingMessage } from 'node:http';
import type { Account, Session } from '@freehold/protocol';
import { RequestError } from '../error.ts';
import type { Arrival, Caller, Policy } from './route.ts';

export const sessionCookie = 'freehold_session';

export type Authenticate = (token: string) => Promise<{ account: Account; session: Session } | undefined>;

/** A session comes as `Authorization: Bearer` (programs) or as the cookie (browsers); never from a URL. */
function tokenOf(request: IncomingMessage): { token: string; via: Caller['via'] } | undefined {
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer) return { token: bearer, via: 'bearer' };
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === sessionCookie && value) return { token: value, via: 'cookie' };
  }
  return undefined;
}

export async function callerOfRequest(request: IncomingMessage, authenticate: Authenticate): Promise<Caller | undefined> {
  const found = tokenOf(request);
  const known = found && (await authenticate(found.token));
  return found && known && { ...known, via: found.via };
}

/** Errors: `signed_out`, `forbidden`. */
export function authorize(policy: Policy, caller: Caller | undefined, arrival: Arrival): void {
  if (policy === 'anyone' || (policy === 'owner-or-loopback' && arrival.isLoopback)) return;
  if (!caller) throw new RequestError('signed_out', 401, 'Sign in first: this needs a session of an account on this node.');
  const { role } = caller.account;
  const isAllowed = policy === 'session' || role === 'owner' || (policy === 'seller' && role === 'member');
  if (!isAllowed)
    throw new RequestError(
      'forbidden',
      403,
      policy === 'seller'
        ? 'Guests cannot do this. Ask the owner of the node to make you a member.'
        : 'Only the owner of this node can do this.',
    );
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A browser attaches the cookie to requests that other sites cause. So an unsafe request that relies on it must come from
 * our own pages: a custom header, which no foreign form can send, and an Origin that is ours. Errors: `cross_site`.
 */
export function refuseCrossSite(request: IncomingMessage, caller: Caller | undefined, arrival: Arrival): void {
  const origin = request.headers.origin;
  const isForeign = origin !== undefined && origin !== arrival.origin;
  const site = request.headers['sec-fetch-site'];
  const isCrossSite = isForeign || site === 'cross-site' || site === 'same-site';
  if (safeMethods.has(request.method ?? '')) return;
  if (isCrossSite || (caller?.via === 'cookie' && request.headers['x-requested-by'] !== 'freehold')) {
    throw new RequestError(
      'cross_site',
      403,
      'This request came from another site. Open the node itself, or use a bearer token and no Origin.',
    );
  }
}
