import type { Offer } from '@freehold/protocol';
import { ComputeError } from '../error.ts';

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
  server: { name: string; port: string; scheme: string };
  remoteAddress: string;
};

/**
 * Headers that never reach a guest, whatever its offer lists: they carry the caller's identity or money, are consumed by
 * HTTP itself, or (Proxy) would be mistaken for a setting by CGI programs.
 */
const neverPassed =
  /^(authorization|cookie|proxy|proxy-.*|payment-.*|x-payment.*|x-402-.*|sign-in-with-x|content-length|content-type|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect)$/;

/**
 * The CGI/1.1 environment (RFC 3875 §4.1) of a request. It is part of the task's identity, so that what is not here never
 * reaches the program: of the request's headers only those that the offer lists in `vary`, and no inherited variable at all.
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
  const environment: Record<string, string> = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_SOFTWARE: 'freehold',
    SERVER_NAME: fixed ? 'localhost' : request.server.name,
    SERVER_PORT: fixed ? '80' : request.server.port,
    REQUEST_SCHEME: fixed ? 'http' : request.server.scheme,
    REMOTE_ADDR: fixed ? '127.0.0.1' : request.remoteAddress,
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: `/${offerId}.cgi`,
    PATH_INFO: decodePath(request.path),
    QUERY_STRING: request.query,
    REQUEST_URI: `/${offerId}.cgi${request.path}${request.query ? `?${request.query}` : ''}`,
  };
  if (inputSize > 0) environment['CONTENT_LENGTH'] = String(inputSize);
  if (request.headers['content-type']) environment['CONTENT_TYPE'] = request.headers['content-type'];
  for (const name of offer.vary ?? []) {
    const value = request.headers[name];
    if (value !== undefined && !neverPassed.test(name)) environment[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = value;
  }
  for (const [name, value] of Object.entries(environment)) {
    if (value.includes('\0'))
      throw new ComputeError('request_invalid', 400, `The request puts a NUL byte into ${name}. Remove %00 from the URL.`);
  }
  return environment;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ComputeError(
      'request_invalid',
      400,
      'The path holds a percent sign that is not followed by two hexadecimal digits of UTF-8. Encode it as %25.',
    );
  }
}
