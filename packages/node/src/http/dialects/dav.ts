import { bearerOf, type Dialect } from './dialect.ts';

/** House codes for which RFC 4918 and RFC 4331 have a status or the name of a rule (an element in the namespace `DAV:`). */
const wire: Record<string, { status?: number; rule?: string }> = {
  name_taken: { status: 412 },
  move_into_itself: { status: 403 },
  lock_conflict: { rule: 'no-conflicting-lock' },
  quota_exceeded: { rule: 'quota-not-exceeded' },
};

/** WebDAV: an app password as HTTP Basic, or a session as a bearer token. A browser's cookie never counts. */
export const dav: Dialect = {
  credential(request) {
    const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (encoded === undefined) return bearerOf(request);
    const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    return { kind: 'password', user, password: rest.join(':') };
  },
  json: { types: [], limit: 1 },
  crossOrigin: false,
  headers: () => ({ 'cross-origin-resource-policy': 'same-origin', 'ms-author-via': 'DAV' }),
  failure({ code, message, status: own, details }) {
    const { status = own, rule = details?.['rule'] } = wire[code] ?? {};
    const hrefs = Array.isArray(details?.['hrefs']) ? details['hrefs'].map(String) : [];
    return {
      status,
      headers: {
        'content-type': typeof rule === 'string' ? 'application/xml; charset=utf-8' : 'text/plain; charset=utf-8',
        'x-error-code': code,
        ...(status === 401 && { 'www-authenticate': 'Basic realm="Freehold", charset="UTF-8"' }),
      },
      body: typeof rule === 'string' ? errorElement(rule, hrefs) : `${message}\n`,
    };
  },
};

/** RFC 4918 §16. The addresses are percent-encoded; only their ampersands need care. */
function errorElement(rule: string, hrefs: readonly string[]): string {
  const places = hrefs.map((href) => `<D:href>${href.replaceAll('&', '&amp;')}</D:href>`).join('');
  return `<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:${rule}>${places}</D:${rule}></D:error>\n`;
}
