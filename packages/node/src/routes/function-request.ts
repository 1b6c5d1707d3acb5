import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FunctionRequest } from '@freehold/compute';
import type { Arrival } from '../http/route.ts';

/** A request as a function sees it. */
export function toFunctionRequest(request: IncomingMessage, { origin, remoteAddress }: Arrival): FunctionRequest {
  const { url = '' } = request;
  const mark = url.indexOf('?');
  const end = mark === -1 ? url.length : mark;
  // The first segment is the function's, however it is encoded.
  const slash = url.indexOf('/', 1);
  return {
    method: request.method ?? 'GET',
    path: slash === -1 || slash >= end ? '' : url.slice(slash, end),
    query: mark === -1 ? '' : url.slice(mark + 1),
    headers: joined(request.headers),
    server: { ...serverOf(origin), protocol: `HTTP/${request.httpVersion}` },
    remoteAddress,
  };
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  const list: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) list[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return list;
}

/** Name, port and scheme of an origin that was checked: `http://127.0.0.1:8080`. */
function serverOf(origin: string): { name: string; port: string; scheme: string } {
  const colon = origin.indexOf(':');
  const scheme = origin.slice(0, colon);
  const host = origin.slice(colon + 3);
  const port = host.lastIndexOf(':');
  const isPort = port > host.lastIndexOf(']');
  return {
    name: isPort ? host.slice(0, port) : host,
    port: isPort ? host.slice(port + 1) : scheme === 'https' ? '443' : '80',
    scheme,
  };
}
