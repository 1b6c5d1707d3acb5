import { openClone } from './clone.ts';
import { openConsole } from './console.ts';
import { makeDetermined, seedMath } from './determined.ts';
import { openFetch } from './fetch.ts';
import { formatError } from './format.ts';
import type { Realm, RealmHost } from './host.ts';
import { serve } from './serve.ts';
import { openTimers } from './timers.ts';
import { openWeb } from './web.ts';
import { openWorkerGlobals } from './worker-globals.ts';

/**
 * The first code in the realm of a guest: gives it the web's globals, and answers how it is called. The guest gets no reference
 * to `host`, nor to anything that could change what is said to it.
 */
export function start(host: RealmHost): Realm {
  const report = (what: string, error: unknown) => host.log(`${what}: ${formatError(error)}\n`);
  const timers = openTimers({ host, report });
  const { setTimeout } = timers.globals;
  const web = openWeb({ host, setTimeout });
  const { Request, Response } = web;
  const { classes } = host;
  if (host.fixedTime !== undefined) {
    makeDetermined(host.fixedTime);
    seedMath(host);
  }
  const globals = {
    ...web.globals,
    ...timers.globals,
    console: openConsole(host),
    structuredClone: openClone({ DOMException: classes.DOMException, opaque: [classes.Blob] }),
    self: globalThis,
    navigator: Object.freeze({ userAgent: 'Freehold', hardwareConcurrency: 1 }),
    ...(host.services.includes('fetch') && { fetch: openFetch({ host, Request, Response }) }),
  };
  for (const [name, value] of Object.entries(globals))
    Reflect.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  const worker = host.kind === 'worker' ? openWorkerGlobals({ host, Request, Response, report }) : undefined;
  return {
    onTimer: timers.due,
    report,
    run: (namespace) => serve({ host, namespace, worker, Request, Response, report }),
  };
}
