import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { openArrivals } from './arrival.ts';
import { authorize, identify, type Authenticate } from './caller.ts';
import { freehold } from './dialects/freehold.ts';
import type { ExchangeRoute } from './exchange-route.ts';
import { commonHeaders, openExchange, sendAnswer, type Exchange } from './exchange.ts';
import { isUnread, retryAfterOf, toFailure } from './failure.ts';
import type { Reports } from './reports.ts';
import type { Caller, Route } from './route.ts';

/** What a function is called by: its name as it stands in the address, with nothing to decode, and what follows it. */
const functionPath = /^\/([A-Za-z0-9_-]{1,64})\.(cgi|tool)(\/[^?%]{0,1024})?(\?|$)/;
const methods: ReadonlySet<string | undefined> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
const mediaType = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(; ?[a-z0-9_-]+=[^\s;"\\]+)*$/i;

/**
 * Calls of functions, past Fastify: what it does for a request costs as much as many a function. Everything that is checked on
 * the other way is checked here by the same code, and whatever is in any way unusual goes that way, to be answered or refused there.
 */
export function openFront({
  routes,
  authenticate,
  origins,
  gateways,
  reports,
}: {
  routes: readonly Route[];
  authenticate: Authenticate;
  origins: readonly string[];
  gateways: readonly string[];
  reports: Reports;
}) {
  const served = new Map(routes.filter(isExchangeRoute).map((route) => [route.path, route]));
  const arrivalOf = openArrivals({ origins, gateways });
  const dialectHeaders = freehold.headers();
  /** Connections that stay open, to be ended with the server, as Fastify does with its own. */
  const lasting = new Set<Socket>();
  let stopped = false;

  function routeOf({ method, url = '', headers }: IncomingMessage): { route: ExchangeRoute; offer: string } | undefined {
    const [, offer, contract, rest] = functionPath.exec(url) ?? [];
    if (offer === undefined || !methods.has(method) || headers.expect !== undefined) return undefined;
    const type = headers['content-type'];
    if (type !== undefined && !mediaType.test(type)) return undefined;
    const route = served.get(rest === undefined ? `/:offer.${contract}` : `/:offer.${contract}/*`);
    return route && { route, offer };
  }

  async function answer(route: ExchangeRoute, offer: string, exchange: Exchange): Promise<void> {
    try {
      await route.serve(exchange, { offer });
    } catch (error) {
      fail(error, route, exchange);
    }
  }

  async function answerTo(who: Promise<Caller | undefined>, route: ExchangeRoute, offer: string, exchange: Omit<Exchange, 'signal'>) {
    try {
      const caller = await who;
      authorize(route.policy, caller, exchange.arrival);
      await answer(route, offer, openExchange({ ...exchange, caller }));
    } catch (error) {
      fail(error, route, openExchange(exchange));
    }
  }

  function fail(error: unknown, route: ExchangeRoute, exchange: Exchange): void {
    const { id, request, response, headers } = exchange;
    const failure = toFailure(error);
    reports.failed({ id, route: route.path }, failure);
    if (response.headersSent) return void response.destroy();
    if (isUnread(request)) headers['connection'] = 'close';
    const retryAfter = retryAfterOf(failure);
    if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
    const { status, body } = freehold.failure(failure, exchange);
    Object.assign(headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-request-id': id });
    try {
      sendAnswer(exchange, status, JSON.stringify(body));
    } catch {
      // What made the answer impossible is among its headers still.
      response.destroy();
    }
  }

  return {
    /** Answers the request, if it is one that can be answered this way. */
    take(request: IncomingMessage, response: ServerResponse): boolean {
      if (stopped) return false;
      const begun = performance.now();
      const found = routeOf(request);
      const arrival = found && arrivalOf(request);
      if (!found || !arrival || arrival.gateway) return false;
      const { route, offer } = found;
      if (request.headers.connection?.toLowerCase() === 'keep-alive' && !lasting.has(request.socket)) {
        lasting.add(request.socket);
        request.socket.once('close', () => lasting.delete(request.socket));
      }
      const id = randomUUID();
      // Whoever writes to a caller who has gone finds that out otherwise.
      response.on('error', ignore);
      response.once('finish', () =>
        reports.answered({
          id,
          method: request.method ?? '',
          route: route.path,
          status: response.statusCode,
          elapsedMs: performance.now() - begun,
        }),
      );
      const headers = { 'x-request-id': id, ...commonHeaders, ...dialectHeaders };
      const exchange = { id, request, response, arrival, caller: undefined, headers };
      const credential = freehold.credential(request);
      if (credential || route.policy !== 'anyone')
        void answerTo(credential ? identify(credential, authenticate) : Promise.resolve(undefined), route, offer, exchange);
      else void answer(route, offer, openExchange(exchange));
      return true;
    },

    /** From now on everything goes the other way, where it is told that the node is stopping. */
    stop(): void {
      stopped = true;
      for (const socket of lasting) socket.destroy();
    },
  };
}

const ignore = () => {};
const isExchangeRoute = (route: Route): route is ExchangeRoute => 'serve' in route;
