import type { IncomingMessage } from 'node:http';
import type { Delegate, Principal } from '@freehold/identity';
import type { Account, Session } from '@freehold/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayHost } from './gateway-host.ts';

/**
 * Who may call a route. `anyone` needs nothing; `signed` needs a proof in the request itself, which the handler checks;
 * `session` is any account, in person; `app` also what acts for an account within what it was given (an app, the holder of an
 * access token); `files` also an app password, for programs that mount the drive; `seller` an owner, admin or member; `admin` an
 * owner or admin; `owner` the owner;
 * `owner-or-loopback` also a process on this machine. A route without a policy does not compile.
 */
export type Policy = 'anyone' | 'signed' | 'session' | 'app' | 'files' | 'seller' | 'admin' | 'owner' | 'owner-or-loopback';

/** The language of a route: how it finds the caller, what it reads as JSON, whom it answers across origins, and what its errors look like. */
export type DialectName = 'freehold' | 'puter' | 'dav' | 'gateway';

export type { Delegate, Principal };
export type Caller = Principal & { via: 'cookie' | 'bearer' | 'body' | 'basic' };

/** Where a request came in: how the caller addressed this node, and from where. */
export type Arrival = {
  /** Origin under which the node was addressed, checked against its own names: scheme, host and port. */
  origin: string;
  remoteAddress: string;
  /** True when the request came straight from this machine to a loopback name, not through a proxy. */
  isLoopback: boolean;
  /** Present when the host is one of published content. */
  gateway?: GatewayHost;
  userAgent: string;
};

export type Call<Params, Query, Body> = {
  params: Params;
  query: Query;
  body: Body;
  /** The request body as it arrives (routes with `body: 'stream'`, and functions). */
  stream: IncomingMessage;
  arrival: Arrival;
  /** Present on every policy but `anyone`, `signed` and `owner-or-loopback`. */
  caller: Caller | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
};

export const davMethods = ['PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK'] as const;
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | (typeof davMethods)[number];

/** One row of the route table: validation, authorization, OpenAPI, metric labels and the docs all come from it. */
export type Route = {
  method: Method | 'ANY';
  path: string;
  dialect: DialectName;
  policy: Policy;
  summary: string;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType | 'stream' | 'none';
  /** Shape of the answer for the docs; null when it is not JSON. */
  answer: z.ZodType | null;
  status: number;
  /** Most bytes of a JSON body; the dialect's own limit when not given. */
  bodyLimit?: number | undefined;
  handle(call: Call<never, never, never>): Promise<unknown>;
};

type Definition<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType | 'stream' | 'none'> = {
  method: Route['method'];
  path: string;
  dialect?: DialectName;
  policy: Policy;
  summary: string;
  bodyLimit?: number;
  params?: Params;
  query?: Query;
  body?: Body;
  answer?: z.ZodType | null;
  status?: number;
  handle(call: Call<z.output<Params>, z.output<Query>, Body extends z.ZodType ? z.output<Body> : undefined>): Promise<unknown>;
};

const nothing = z.strictObject({});

/** Declares a route; the handler's types follow from its schemas. Whatever a schema does not name is refused. */
export function route<
  Params extends z.ZodType = typeof nothing,
  Query extends z.ZodType = typeof nothing,
  Body extends z.ZodType | 'stream' | 'none' = 'none',
>(definition: Definition<Params, Query, Body>): Route {
  return {
    ...definition,
    dialect: definition.dialect ?? 'freehold',
    params: definition.params ?? nothing,
    query: definition.query ?? nothing,
    body: definition.body ?? 'none',
    answer: definition.answer ?? null,
    status: definition.status ?? 200,
    handle: definition.handle,
  };
}

/** The caller of a route whose policy guarantees one. */
export function callerOf(call: { caller: Caller | undefined }): Caller {
  if (!call.caller) throw new Error('This route must not run without a caller');
  return call.caller;
}

/** The account that calls in person, with its session, on a route whose policy admits nobody else. */
export function sessionOf(call: { caller: Caller | undefined }): { account: Account; session: Session } {
  const { account, session } = callerOf(call);
  if (!session) throw new Error('This route must not run for a delegate');
  return { account, session };
}
