import type { RealmHost } from './host.ts';
import { openPuter } from './puter.ts';
import { openRouter } from './router.ts';

/** What a Puter worker finds as globals: `router`, `me`, `user`, `requestor` and `puter`. Answers what takes its requests. */
export function openWorkerGlobals({
  host,
  Request,
  Response,
  report,
}: {
  host: RealmHost;
  Request: typeof globalThis.Request;
  Response: typeof globalThis.Response;
  report: (what: string, error: unknown) => void;
}) {
  const me = { puter: openPuter({ host, Request, Response, as: 'me' }) };
  const user = host.services.includes('user') ? { puter: openPuter({ host, Request, Response, as: 'user' }) } : undefined;
  const router = openRouter({ Response, user, me, report });
  const globals = { router: router.routes, me, puter: me.puter, ...(user && { user, requestor: user }) };
  for (const [name, value] of Object.entries(globals))
    Reflect.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  return router.fetch;
}
