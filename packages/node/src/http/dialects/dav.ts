import { bearerOf, type Dialect } from './dialect.ts';

/** WebDAV: an app password as HTTP Basic, or a session as a bearer token. A browser's cookie never counts. */
export const dav: Dialect = {
  credential(request) {
    const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (encoded === undefined) return bearerOf(request);
    const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    return { kind: 'password', user, password: rest.join(':') };
  },
  json: { types: [], limit: 0 },
  crossOrigin: false,
  headers: () => ({ 'cross-origin-resource-policy': 'same-origin', 'ms-author-via': 'DAV' }),
  failure: ({ code, message, status }) => ({
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-error-code': code,
      ...(status === 401 && { 'www-authenticate': 'Basic realm="Freehold", charset="UTF-8"' }),
    },
    body: `${message}\n`,
  }),
};
