import type { FunctionRequest } from '../cgi/environment.ts';
import { ComputeError } from '../error.ts';

/** What speaks for the caller to the node, is a matter of the connection, or is told in variables of its own. */
const withheld =
  /^(authorization|cookie|puter-auth|proxy|proxy-.*|payment-.*|x-payment.*|content-type|content-length|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect)$/;

/** The request that a worker is called with: all of the caller's headers but those that are the node's. */
export function workerEnvironment({ method, path, query, headers, server }: FunctionRequest, inputSize: number): Record<string, string> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new ComputeError(
      'request_invalid',
      400,
      'The path holds a percent sign that is not followed by two hexadecimal digits. Encode it as %25.',
    );
  }
  const type = headers['content-type'];
  return {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: method,
    REQUEST_SCHEME: server.scheme,
    SERVER_NAME: server.name,
    SERVER_PORT: server.port,
    PATH_INFO: decoded === '' ? '/' : decoded,
    QUERY_STRING: query,
    ...(type !== undefined && { CONTENT_TYPE: type }),
    ...(inputSize > 0 && { CONTENT_LENGTH: String(inputSize) }),
    ...Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !withheld.test(name))
        .map(([name, value]) => [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value]),
    ),
  };
}
