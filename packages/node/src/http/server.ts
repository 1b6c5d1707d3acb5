import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { RequestError } from '../error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { arrivalOf } from './arrival.ts';
import { authorize, callerOfRequest, refuseCrossSite, type Authenticate } from './caller.ts';
import { toFailure } from './failure.ts';
import type { Arrival, Call, Route } from './route.ts';

const jsonLimit = 1024 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    arrival: Arrival;
  }
}

export type HttpServer = FastifyInstance;

export type HttpOptions = {
  routes: readonly Route[];
  authenticate: Authenticate;
  /** Public origins of the node besides loopback names and IP addresses. */
  origins: readonly string[];
  log: Log;
  metrics: () => Metrics;
};

/** Builds the server from the route table: addressing, authentication, authorization, validation and error answers in one place. */
export function createServer({ routes, authenticate, origins, log, metrics }: HttpOptions): HttpServer {
  const server = Fastify({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: jsonLimit,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 30_000,
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    return503OnClosing: true,
    frameworkErrors: (error, request, reply) => void sendFailure(error, request, reply),
  });
  server.server.headersTimeout = 20_000;
  server.server.requestTimeout = 0;
  server.decorateRequest('arrival');

  function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const failure = toFailure(error);
    if (failure.status >= 500 && failure.code === 'internal') {
      const cause = failure.cause instanceof Error ? (failure.cause.stack ?? failure.cause.message) : String(failure.cause);
      log('http.failed', { requestId: request.id, route: request.routeOptions?.url ?? 'unmatched', error: cause });
    }
    // A body that was not read would be taken for the next request on this connection.
    if (!request.raw.complete) reply.header('connection', 'close');
    reply.removeHeader('content-length');
    return reply
      .code(failure.status)
      .headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-request-id': request.id })
      .send({
        error: {
          code: failure.code,
          message: failure.message,
          requestId: request.id,
          ...(failure.details && { details: failure.details }),
        },
      });
  }

  // A caller that waits for permission to send its body (Expect: 100-continue) gets it at once, except at a function: there
  // the answer may be the price, and the body is then never sent.
  server.server.on('checkContinue', (request, response) => {
    if (!/^\/[^/]+\.cgi(\/|\?|$)/.test(request.url ?? '')) response.writeContinue();
    server.server.emit('request', request, response);
  });
  server.setErrorHandler(sendFailure);
  server.setNotFoundHandler((request, reply) => {
    const known = routes.filter(({ path }) => path === request.url.split('?', 1)[0]).map(({ method }) => method);
    const failure =
      known.length > 0
        ? new RequestError('method_not_allowed', 405, `This path takes ${known.join(', ')}.`)
        : new RequestError('not_found', 404, 'There is nothing at this path. GET /api/openapi.json lists what there is.');
    return sendFailure(failure, request, reply);
  });

  server.addHook('onRequest', async (request, reply) => {
    request.arrival = arrivalOf(request.raw, origins);
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });
  server.addHook('onResponse', async (request, reply) => {
    const label = request.routeOptions.url ?? 'unmatched';
    const latencyMs = Math.round(reply.elapsedTime * 10) / 10;
    metrics().request({ route: label, method: request.method, status: reply.statusCode }, reply.elapsedTime / 1000);
    log('http.request', { requestId: request.id, method: request.method, route: label, status: reply.statusCode, latencyMs });
  });

  const add = (scope: FastifyInstance, route: Route) =>
    scope.route({
      method: route.method === 'ANY' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] : route.method,
      url: route.path,
      ...(route.method === 'ANY' && { exposeHeadRoute: false }),
      handler: async (request, reply) => {
        const caller = await callerOfRequest(request.raw, authenticate);
        authorize(route.policy, caller, request.arrival);
        if (route.method !== 'ANY') {
          refuseCrossSite(request.raw, caller, request.arrival);
          refuseBadEncoding(request.raw.url ?? '');
        }
        const gone = new AbortController();
        reply.raw.once('close', () => {
          if (!reply.raw.writableFinished) gone.abort();
        });
        const call: Call<unknown, unknown, unknown> = {
          params: route.params.parse(request.params),
          query: route.query.parse(request.query),
          body: typeof route.body === 'string' ? undefined : route.body.parse(request.body ?? {}),
          stream: request.raw,
          arrival: request.arrival,
          caller,
          request,
          reply,
          signal: gone.signal,
        };
        if (route.status !== 200) reply.code(route.status);
        // `call` was validated with the schemas from which the handler's types follow.
        const answer = await route.handle(call as Call<never, never, never>);
        if (reply.sent || answer === reply) return reply;
        if (answer === undefined) return reply.code(204).send();
        return reply.header('cache-control', reply.getHeader('cache-control') ?? 'no-store').send(answer);
      },
    });

  // JSON routes read a small body at once; the others get the bytes as they come, whatever their type.
  void server.register(async (scope) => {
    for (const route of routes.filter(({ body }) => body !== 'stream')) add(scope, route);
  });
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const route of routes.filter(({ body }) => body === 'stream')) add(scope, route);
  });
  return server;
}

/** Text that is not UTF-8 would otherwise be taken as it stands, percent signs and all. Functions get their URL raw. */
function refuseBadEncoding(url: string): void {
  try {
    decodeURIComponent(url);
  } catch {
    throw new RequestError(
      'invalid_request',
      400,
      'The URL holds a percent sign that is not followed by two hexadecimal digits of UTF-8. Encode it as %25.',
    );
  }
}
