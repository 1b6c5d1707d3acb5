import type { IncomingMessage } from 'node:http';
import { RequestError } from '../error.ts';
import type { Credential, Dialect } from './dialects/dialect.ts';
import type { Arrival, Caller, Delegate, Policy, Principal } from './route.ts';

export type Authenticate = {
  /** Whose token this is, of whatever class; undefined when it is none or has ended. */
  token: (token: string) => Promise<Principal | undefined>;
  /** Whose app password this is. */
  password: (given: { user: string; password: string }) => Promise<Principal | undefined>;
};

export async function identify(credential: Credential, authenticate: Authenticate): Promise<Caller | undefined> {
  if (credential.kind === 'password') {
    const known = await authenticate.password(credential);
    return known && { ...known, via: 'basic' };
  }
  const known = await authenticate.token(credential.token);
  return known && { ...known, via: credential.via };
}

/** Delegates that a policy admits besides the account itself. */
const delegates: Partial<Record<Policy, readonly Delegate['kind'][]>> = { app: ['app', 'token'], files: ['password'] };

/** Errors: `signed_out`, `forbidden`. */
export function authorize(policy: Policy, caller: Caller | undefined, arrival: Arrival): void {
  if (policy === 'anyone' || policy === 'signed' || (policy === 'owner-or-loopback' && arrival.isLoopback)) return;
  if (!caller) throw new RequestError('signed_out', 401, 'Sign in first: this needs a session of an account on this node.');
  if (caller.delegate) {
    if (delegates[policy]?.includes(caller.delegate.kind)) return;
    throw new RequestError('forbidden', 403, 'An app or a token cannot do this for you: it needs your own session.');
  }
  const { role } = caller.account;
  const isAllowed =
    policy === 'session' ||
    policy === 'app' ||
    policy === 'files' ||
    role === 'owner' ||
    (role === 'admin' && (policy === 'seller' || policy === 'admin')) ||
    (role === 'member' && policy === 'seller');
  if (!isAllowed)
    throw new RequestError(
      'forbidden',
      403,
      policy === 'seller'
        ? 'Guests cannot do this. Ask the owner of the node to make you a member.'
        : policy === 'admin'
          ? 'Only the owner of this node and its administrators can do this.'
          : 'Only the owner of this node can do this.',
    );
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND']);

/**
 * A browser attaches the cookie to requests that other sites cause. So an unsafe request that relies on it must come from
 * our own pages: a custom header, which no foreign form can send, and an Origin that is ours. Errors: `cross_site`.
 */
export function refuseCrossSite(request: IncomingMessage, caller: Caller | undefined, arrival: Arrival, dialect: Dialect): void {
  if (dialect.crossOrigin || safeMethods.has(request.method ?? '')) return;
  const origin = request.headers.origin;
  const isForeign = origin !== undefined && origin !== arrival.origin;
  const site = request.headers['sec-fetch-site'];
  const isCrossSite = isForeign || site === 'cross-site' || site === 'same-site';
  if (isCrossSite || (caller?.via === 'cookie' && request.headers['x-requested-by'] !== 'freehold')) {
    throw new RequestError(
      'cross_site',
      403,
      'This request came from another site. Open the node itself, or use a bearer token and no Origin.',
    );
  }
}
