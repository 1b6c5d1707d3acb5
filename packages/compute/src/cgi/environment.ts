import type { OnProgress } from '../tool/progress.ts';
import type { Offer } from '@freehold/protocol';
import { ComputeError } from '../error.ts';
import { incomingCookies } from './cookies.ts';
import type { OwnPath } from './answer-reader.ts';

/** One HTTP request as a function sees it. */
export type FunctionRequest = {
  method: string;
  /** Raw path after `/<offer>.cgi`, percent-encoded, empty or starting with `/`. */
  path: string;
  /** Query without `?`; empty when there is none. */
  query: string;
  /** Lower-case names; repeated headers joined by ", ". */
  headers: Readonly<Record<string, string>>;
  /** Where the node was reached: real for ordinary functions, fixed for deterministic ones. */
  server: { name: string; port: string; scheme: string; protocol?: string };
  remoteAddress: string;
  /** Not a part of the request: hears how far a tool says it is. */
  onProgress?: OnProgress;
};

/**
 * Headers that never reach a guest, whatever its offer lists: they carry the caller's identity or money, are consumed by
 * HTTP itself, or (Proxy) would be mistaken for a setting by CGI programs (CVE-2016-5385).
 */
const neverPassed =
  /^(authorization|proxy|proxy-.*|payment-.*|x-payment.*|x-402-.*|sign-in-with-x|content-length|content-type|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect)$/;

/** Not a header: a function that lists this name in `vary` gets the caller's address, which is then part of the task's identity. */
export const remoteAddressName = 'remote-addr';

/** By what paths a function may name itself: always by its id, and by its name, which may come to mean another one. */
export const scriptNamesOf = (offer: Offer, offerId: string): string[] => [`/${offerId}.cgi`, `/${offer.name}.cgi`];

/**
 * The CGI/1.1 environment (RFC 3875 §4.1) of a request. It is part of the task's identity, so that what is not here never
 * reaches the program: of the request's headers only `Content-Type` and those that the offer lists in `vary`, and no inherited
 * variable at all. The caller's address is nobody's business: unless the offer says that it wants it, it is 127.0.0.1.
 */
export function cgiEnvironment({
  offer,
  offerId,
  request,
  inputSize,
}: {
  offer: Offer;
  offerId: string;
  request: FunctionRequest;
  inputSize: number;
}): Record<string, string> {
  const fixed = offer.deterministic === true;
  const vary = offer.vary ?? [];
  const query = toUtf8(request.query);
  // In the order in which they are part of the task's identity, which then need not sort them.
  const environment: Record<string, string> = {
    PATH_INFO: decodePath(request.path),
    REMOTE_ADDR: vary.includes(remoteAddressName) ? request.remoteAddress : '127.0.0.1',
    REQUEST_URI: `/${offerId}.cgi${toUtf8(request.path)}${query ? `?${query}` : ''}`,
    SCRIPT_NAME: `/${offerId}.cgi`,
    SERVER_NAME: fixed ? 'localhost' : request.server.name,
    SERVER_PORT: fixed ? '80' : request.server.port,
    QUERY_STRING: query,
    REQUEST_METHOD: request.method,
    REQUEST_SCHEME: fixed ? 'http' : request.server.scheme,
    SERVER_PROTOCOL: (fixed ? undefined : request.server.protocol) ?? 'HTTP/1.1',
    SERVER_SOFTWARE: 'freehold',
    GATEWAY_INTERFACE: 'CGI/1.1',
  };
  const { headers } = request;
  if (inputSize > 0 || isBodyAnnounced(headers)) environment['CONTENT_LENGTH'] = String(inputSize);
  const type = headers['content-type'];
  if (type) environment['CONTENT_TYPE'] = toUtf8(type);
  for (const name of vary) {
    if (name === remoteAddressName || neverPassed.test(name)) continue;
    const header = headers[name];
    const value = name === 'cookie' && header !== undefined ? incomingCookies(header) : header;
    if (value !== undefined) environment[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = toUtf8(value);
  }
  for (const name in environment) {
    if (environment[name]?.includes('\0'))
      throw new ComputeError('request_invalid', 400, `The request puts a NUL byte into ${name}. Remove %00 from the URL.`);
  }
  return environment;
}

/** A body that was announced has a length, be it 0. */
export const isBodyAnnounced = (headers: FunctionRequest['headers']): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/** The request for another path of the same program, which it asked for itself: without a body (RFC 3875 §6.2.2). */
export function redirectedRequest(request: FunctionRequest, { path, query }: OwnPath): FunctionRequest {
  const { 'content-type': _type, 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = request.headers;
  return { ...request, method: request.method === 'HEAD' ? 'HEAD' : 'GET', path, query, headers };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** HTTP's text comes as Latin-1 and a program gets it as UTF-8: bytes that were UTF-8 arrive as they were sent. */
function toUtf8(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}

/** `..` is refused, so that a program may join the path to one of its folders (RFC 3875 §4.1.5 leaves that to the server). */
function decodePath(path: string): string {
  const refuse = (message: string) => new ComputeError('request_invalid', 400, message);
  let decoded;
  try {
    decoded = decodeURIComponent(toUtf8(path));
  } catch {
    throw refuse('The path holds a percent sign that is not followed by two hexadecimal digits of UTF-8. Encode it as %25.');
  }
  if (decoded.split('/').includes('..')) throw refuse('The path of a function must not hold "..".');
  return decoded;
}
