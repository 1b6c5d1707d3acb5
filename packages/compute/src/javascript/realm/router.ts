type Response = globalThis.Response;
type Handler = (event: { request: Request; params: Record<string, string>; user: unknown; me: unknown; requestor: unknown }) => unknown;
type Route = { method: string; pattern: RegExp; handler: Handler };

const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': '*',
};

/**
 * The `router` of Puter's workers. In a route `:name` stands for one segment and `*name` for the rest, also `*` alone. The first
 * that fits answers; later ones are for what it does not answer.
 */
export function openRouter({
  Response,
  user,
  me,
  report,
}: {
  Response: typeof globalThis.Response;
  user: unknown;
  me: unknown;
  report: (what: string, error: unknown) => void;
}) {
  const routes: Route[] = [];
  const add = (method: string, route: unknown, handler: unknown) => {
    if (typeof route !== 'string' || typeof handler !== 'function') throw new TypeError('A route needs a path and a function.');
    routes.push({ method: method.toUpperCase(), pattern: toPattern(route), handler: handler as Handler });
    return api;
  };
  const api = {
    /** Set to false by a worker that sends its own CORS headers. */
    handleCors: true,
    get: (route: unknown, handler: unknown) => add('GET', route, handler),
    post: (route: unknown, handler: unknown) => add('POST', route, handler),
    put: (route: unknown, handler: unknown) => add('PUT', route, handler),
    delete: (route: unknown, handler: unknown) => add('DELETE', route, handler),
    patch: (route: unknown, handler: unknown) => add('PATCH', route, handler),
    options: (route: unknown, handler: unknown) => add('OPTIONS', route, handler),
    custom: (method: string, route: unknown, handler: unknown) => add(method, route, handler),
  };

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    for (const { pattern, handler, ...route } of routes) {
      const match = route.method === method || route.method === '*' ? pattern.exec(pathname) : null;
      if (!match) continue;
      const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decode(value)]));
      return toResponse(await handler({ request, params, user, me, requestor: user }), Response);
    }
    if (request.method === 'OPTIONS' && api.handleCors) return new Response(null, { status: 204 });
    return text(404, 'Not found: this worker has no route for this path.\n', Response);
  }

  return {
    routes: api,
    async fetch(request: Request): Promise<Response> {
      const response = await answer(request).catch((error: unknown) => {
        report('Uncaught', error);
        return text(500, 'The worker failed.\n', Response);
      });
      if (!api.handleCors) return response;
      const open = new Response(response.body, response);
      for (const [name, value] of Object.entries(anyOrigin)) if (!open.headers.has(name)) open.headers.set(name, value);
      return open;
    },
  };
}

const text = (status: number, message: string, Response: typeof globalThis.Response) =>
  new Response(message, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

/** Text, bytes and streams as they are, anything else as JSON. */
function toResponse(given: unknown, Response: typeof globalThis.Response): Response {
  if (Object.prototype.toString.call(given) === '[object Response]') return given as Response;
  if (given === undefined || given === null) return new Response(null, { status: 204 });
  const kind = Object.prototype.toString.call(given);
  if (typeof given === 'string' || ArrayBuffer.isView(given) || /^\[object (Blob|File|ReadableStream|ArrayBuffer)\]$/.test(kind))
    return new Response(given as string);
  return Response.json(given);
}

function toPattern(route: string): RegExp {
  let rests = 0;
  const source = route
    .split('/')
    .map((segment) => {
      const [, mark = '', name = ''] = /^([:*])([A-Za-z_]\w*)?$/.exec(segment) ?? [];
      if (mark === ':' && name !== '') return `(?<${name}>[^/]+)`;
      if (mark === '*') return `(?<${name === '' ? `rest${rests++ || ''}` : name}>.*)`;
      return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${route.startsWith('/') || route === '*' ? '' : '/'}${source}/?$`);
}

function decode(value: string | undefined): string {
  try {
    return decodeURIComponent(value ?? '');
  } catch {
    return value ?? '';
  }
}
