import type { Host } from './main.ts';

const names = /^HTTP_([A-Z0-9_]+)$/;

/** One HTTP request by CGI/1.1 (RFC 3875): what a program answers on a server that starts it for each request. */
export async function serveCgi({ fetch }: { fetch(request: Request): Promise<Response> }, host: Host): Promise<void> {
  if (host.env['GATEWAY_INTERFACE'] === undefined) {
    host.writeError('This is a function of the web, which a server runs for each request (CGI). Publish it: freehold offer\n');
    host.exitCode(2);
    return;
  }
  const response = await fetch(await requestOf(host)).catch((error: unknown) => {
    host.writeError(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return new Response('The function failed.\n', { status: 500, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  });
  const head = [`Status: ${response.status}`, ...[...response.headers].map(([name, value]) => `${name}: ${value}`)];
  if (!response.headers.has('content-type')) head.push('Content-Type: application/octet-stream');
  await host.write(`${head.join('\r\n')}\r\n\r\n`);
  if (!response.body) return;
  const reader = response.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) await host.write(read.value);
}

async function requestOf({ env, stdin }: Host): Promise<Request> {
  const method = env['REQUEST_METHOD'] ?? 'GET';
  const headers = new Headers();
  for (const [variable, value] of Object.entries(env)) {
    const name = names.exec(variable)?.[1];
    if (name !== undefined && value !== undefined) headers.set(name.replaceAll('_', '-'), value);
  }
  if (env['CONTENT_TYPE'] !== undefined) headers.set('content-type', env['CONTENT_TYPE']);
  const port = env['SERVER_PORT'] ?? '80';
  const url = new URL(`${env['REQUEST_SCHEME'] ?? 'http'}://${env['SERVER_NAME'] ?? 'localhost'}:${port}`);
  url.pathname = (env['PATH_INFO'] ?? '').split('/').map(encodeURIComponent).join('/');
  url.search = env['QUERY_STRING'] ?? '';
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: await collect(stdin) });
}

async function collect(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  const body = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
