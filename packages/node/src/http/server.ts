import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { RequestError } from '../error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { arrivalOf } from './arrival.ts';
import { authorize, identify, refuseCrossSite, type Authenticate } from './caller.ts';
import { refuseConvenience } from './convenience-headers.ts';
import { dialects } from './dialects/index.ts';
import { isUnread, retryAfterOf, toFailure } from './failure.ts';
import { commonHeaders } from './exchange.ts';
import { openFront } from './front.ts';
import { routedUrl } from './gateway-host.ts';
import { goneSignal } from './gone-signal.ts';
import { openReports } from './reports.ts';
import { davMethods, type Arrival, type Call, type Caller, type DialectName, type Route } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    arrival: Arrival;
  }
  interface FastifyContextConfig {
    dialect?: DialectName;
  }
}

export type HttpServer = FastifyInstance;

export type HttpOptions = {
  routes: readonly Route[];
  authenticate: Authenticate;
  /** Public origins of the node besides loopback names and IP addresses. */
  origins: readonly string[];
  /** Host names under which published content has origins of its own. */
  gateways: readonly string[];
  log: Log;
  metrics: () => Metrics;
};

/** Builds the server from the route table: addressing, authentication, authorization, validation and error answers in one place. */
export function createServer({ routes, authenticate, origins, gateways, log, metrics }: HttpOptions): HttpServer {
  const server = Fastify({
    genReqId: () => randomUUID(),
    rewriteUrl: ({ url = '/', headers }) => routedUrl(url, headers.host, gateways),
    requestIdHeader: false,
    bodyLimit: dialects.freehold.json.limit,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 30_000,
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    return503OnClosing: true,
    frameworkErrors: (error, request, reply) => void sendFailure(error, request, reply, dialects.freehold),
  });
  for (const method of davMethods) server.addHttpMethod(method, { hasBody: true });
  server.server.headersTimeout = 20_000;
  server.server.requestTimeout = 0;
  server.decorateRequest('arrival');

  const reports = openReports({ log, metrics });

  function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply, dialect = dialectOf(request)) {
    const failure = toFailure(error);
    reports.failed({ id: request.id, route: request.routeOptions?.url ?? 'unmatched' }, failure);
    if (isUnread(request.raw)) reply.header('connection', 'close');
    reply.removeHeader('content-length');
    const retryAfter = retryAfterOf(failure);
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
    const { status, headers, body } = dialect.failure(failure, request);
    return reply
      .code(status)
      .headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-request-id': request.id, ...headers })
      .send(body);
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

  server.addHook('onRequest', (request, reply, next) => {
    request.arrival = arrivalOf(request.raw, origins, gateways);
    reply.headers({ 'x-request-id': request.id, ...commonHeaders, ...dialectOf(request).headers(request) });
    next();
  });
  server.addHook('onResponse', (request, reply, next) => {
    const { id, method } = request;
    reports.answered({
      id,
      method,
      route: request.routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      elapsedMs: reply.elapsedTime,
    });
    next();
  });

  const add = (scope: FastifyInstance, route: Route) => {
    const dialect = dialects[route.dialect];
    scope.route({
      method: route.method === 'ANY' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] : route.method,
      url: route.path,
      config: { dialect: route.dialect },
      ...(route.body !== 'stream' && { bodyLimit: route.bodyLimit ?? dialect.json.limit }),
      ...(route.method === 'ANY' && { exposeHeadRoute: false }),
      handler: async (request, reply) => {
        const credential = dialect.credential(request.raw, request.body);
        const caller = credential && (await identify(credential, authenticate));
        authorize(route.policy, caller, request.arrival);
        if (!('serve' in route)) refuseConvenience(request.raw);
        if (route.method !== 'ANY') {
          refuseCrossSite(request.raw, caller, request.arrival, dialect);
          refuseBadEncoding(request.raw.url ?? '');
        }
        const call: Call<unknown, unknown, unknown> = new OpenCall({
          params: route.params.parse(request.params),
          query: route.query.parse(request.query),
          body: typeof route.body === 'string' ? undefined : route.body.parse(request.body === undefined ? {} : request.body),
          stream: request.raw,
          arrival: request.arrival,
          caller,
          request,
          reply,
        });
        if (route.status !== 200) reply.code(route.status);
        // `call` was validated with the schemas from which the handler's types follow.
        const answer = await route.handle(call as Call<never, never, never>);
        if (reply.sent || answer === reply) return reply;
        if (answer === undefined) return reply.code(204).send();
        return reply.header('cache-control', reply.getHeader('cache-control') ?? 'no-store').send(answer);
      },
    });
  };

  // One scope for each dialect's JSON, which is read at once, and one for bodies that come as a stream, whatever their type.
  for (const name of Object.keys(dialects) as DialectName[]) {
    const spoken = routes.filter(({ dialect }) => dialect === name);
    void server.register(async (scope) => {
      if (name !== 'freehold') readJson(scope, name);
      if (dialects[name].crossOrigin) allowPreflight(scope, spoken);
      for (const route of spoken.filter(({ body }) => body !== 'stream')) add(scope, route);
    });
    void server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      for (const route of spoken.filter(({ body }) => body === 'stream')) add(scope, route);
    });
  }

  const front = openFront({ routes, authenticate, origins, gateways, reports });
  server.addHook('preClose', async () => front.stop());
  const throughFastify = server.server.listeners('request');
  server.server.removeAllListeners('request');
  server.server.on('request', (request, response) => {
    if (!front.take(request, response)) for (const listener of throughFastify) listener.call(server.server, request, response);
  });
  return server;
}

/**
 * A call whose signal is made when somebody asks for it. It is a class because a getter in an object literal gives each object a shape of
 * its own, which keeps all that it can reach until the next full collection.
 */
class OpenCall implements Call<unknown, unknown, unknown> {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly stream: IncomingMessage;
  readonly arrival: Arrival;
  readonly caller: Caller | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor({ params, query, body, stream, arrival, caller, request, reply }: Omit<Call<unknown, unknown, unknown>, 'signal'>) {
    this.params = params;
    this.query = query;
    this.body = body;
    this.stream = stream;
    this.arrival = arrival;
    this.caller = caller;
    this.request = request;
    this.reply = reply;
  }

  get signal(): AbortSignal {
    return (this.#signal ??= goneSignal(this.reply.raw));
  }
}

/** The dialect of the route that was found; of an unknown path, the one in which its clients expect the refusal. */
function dialectOf(request: FastifyRequest) {
  const isForeign = request.is404 && request.raw.url?.startsWith('/api/') === false;
  return dialects[request.routeOptions.config.dialect ?? (isForeign ? 'puter' : 'freehold')];
}

/** Reads what a dialect calls JSON; an absent or empty body is an empty object. */
function readJson(scope: FastifyInstance, name: DialectName): void {
  scope.removeAllContentTypeParsers();
  const types = [...dialects[name].json.types];
  if (types.length === 0) return;
  scope.addContentTypeParser<string>(types, { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? {} : JSON.parse(text));
    } catch {
      done(new RequestError('invalid_request', 400, 'The body is not valid JSON.'));
    }
  });
}

/** Answers the question that a browser asks before a call from another origin; the dialect's headers are the answer. */
function allowPreflight(scope: FastifyInstance, routes: readonly Route[]): void {
  const asked = new Set(routes.filter(({ method }) => method === 'OPTIONS' || method === 'ANY').map(({ path }) => path));
  const paths = new Set(routes.map(({ path }) => path).filter((path) => !asked.has(path)));
  const [dialect] = routes.map((route) => route.dialect);
  for (const url of paths)
    scope.route({ method: 'OPTIONS', url, ...(dialect && { config: { dialect } }), handler: (_request, reply) => reply.code(200).send() });
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
