import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { openExchange, type AnswerHeaders, type Exchange } from './exchange.ts';
import { route, type Policy, type Route } from './route.ts';

/** A route that takes and answers requests as they are. Such a one need not go through Fastify: see `front.ts`. */
export type ExchangeRoute = Route & { serve: (exchange: Exchange, params: { offer: string }) => Promise<void> };

/** Declares one. `serve` throws what it refuses while nothing was sent. */
export function exchangeRoute({
  serve,
  ...definition
}: {
  method: 'ANY';
  path: string;
  policy: Policy;
  summary: string;
  params: z.ZodType<{ offer: string }>;
  serve: ExchangeRoute['serve'];
}): ExchangeRoute {
  return {
    ...route({
      ...definition,
      body: 'stream',
      query: z.record(z.string(), z.unknown()),
      async handle({ request, reply, arrival, caller, params }) {
        const exchange = openExchange({
          id: request.id,
          request: request.raw,
          response: reply.raw,
          arrival,
          caller,
          headers: headersOf(reply),
        });
        try {
          await serve(exchange, params);
        } catch (error) {
          reply.headers(exchange.headers);
          throw error;
        }
        reply.hijack();
        return reply;
      },
    }),
    serve,
  };
}

/** What was set so far. */
export function headersOf(reply: FastifyReply): AnswerHeaders {
  const headers: AnswerHeaders = {};
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value : String(value);
  return headers;
}
