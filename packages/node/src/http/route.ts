import type { IncomingMessage } from 'node:http';
import type { Account, Session } from '@freehold/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/**
 * Who may call a route. `anyone` needs nothing; `session` is any account; `seller` an owner or member; `owner` the owner;
 * `owner-or-loopback` also a process on this machine. A route without a policy does not compile.
 */
export type Policy = 'anyone' | 'session' | 'seller' | 'owner' | 'owner-or-loopback';

export type Caller = { account: Account; session: Session; via: 'cookie' | 'bearer' };

/** Where a request came in: how the caller addressed this node, and from where. */
export type Arrival = {
  /** Origin under which the node was addressed, checked against its own names: scheme, host and port. */
  origin: string;
  remoteAddress: string;
  /** True when the request came straight from this machine to a loopback name, not through a proxy. */
  isLoopback: boolean;
  userAgent: string;
};

export type Call<Params, Query, Body> = {
  params: Params;
  query: Query;
  body: Body;
  /** The request body as it arrives (routes with `body: 'stream'`, and functions). */
  stream: IncomingMessage;
  arrival: Arrival;
  /** Present on every policy but `anyone` and `owner-or-loopback`. */
  caller: Caller | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
};

/** One row of the route table: validation, authorization, OpenAPI, metric labels and the docs all come from it. */
export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ANY';
  path: string;
  policy: Policy;
  summary: string;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType | 'stream' | 'none';
  /** Shape of the answer for the docs; null when it is not JSON. */
  answer: z.ZodType | null;
  status: number;
  handle(call: Call<never, never, never>): Promise<unknown>;
};

type Definition<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType | 'stream' | 'none'> = {
  method: Route['method'];
  path: string;
  policy: Policy;
  summary: string;
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
