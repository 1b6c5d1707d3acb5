import { lookup } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { z } from 'zod';
import { isPublicAddress } from '../outbound/public-address.ts';
import { publicLookup } from '../outbound/public-lookup.ts';
import type { Service, ServiceAnswer } from './job.ts';

const asked = z.object({
  method: z.string().regex(/^[A-Z]{1,20}$/),
  url: z.url().max(8192),
  redirect: z.enum(['follow', 'manual', 'error']),
  headers: z.array(z.tuple([z.string().max(256), z.string().max(16_384)])).max(100),
});
type Asked = z.output<typeof asked>;

const mostRedirects = 5;
/** What one answer may bring. */
const mostBytes = 64 * 1024 * 1024;
/** Set by the connection itself, or by whoever stands in front of a server: never by a program. */
const refusedHeaders =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|via|forwarded|x-forwarded-.*|x-real-ip|accept-encoding)$/;

/** Said to the program that asked. */
class Refused extends Error {}

/**
 * `fetch` for programs whose offer names hosts: only `targets` (`host:port`), by HTTP or HTTPS, through every redirect. A name that
 * leads to an address of a private network, of this machine or of no network at all is refused, judged by the address that was
 * really connected to (facts: mcp-ai-auth-ops §3.7); `ownTargets` are those that the owner of the node has allowed all the same.
 */
export function openGuardedFetch({ targets, ownTargets }: { targets: readonly string[]; ownTargets: readonly string[] }): Service {
  return async ({ head, body, signal }): Promise<ServiceAnswer> => {
    const first = asked.parse(head);
    let next: Asked = first;
    let sent: Uint8Array = body;
    for (let redirects = 0; ; redirects++) {
      const url = new URL(next.url);
      const response = await connect(url, next, sent, signal);
      const location = response.headers.location;
      const status = response.statusCode ?? 502;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined || first.redirect === 'manual')
        return toAnswer(response, { url: next.url, redirected: redirects > 0 });
      response.destroy();
      if (first.redirect === 'error') throw new Refused(`${url.host} redirects to another address.`);
      if (redirects === mostRedirects) throw new Refused(`${url.host} redirects more than ${mostRedirects} times.`);
      const target = new URL(location, url);
      const becomesGet = status === 303 || (status <= 302 && next.method === 'POST');
      if (becomesGet) sent = new Uint8Array(0);
      next = {
        ...next,
        url: target.href,
        method: becomesGet && next.method !== 'HEAD' ? 'GET' : next.method,
        // What tells who asks is for the origin that was asked.
        headers: target.origin === url.origin ? next.headers : next.headers.filter(([name]) => !/^(authorization|cookie)$/i.test(name)),
      };
    }
  };

  function connect(url: URL, { method, headers }: Asked, body: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new Refused(`Only http and https addresses can be fetched, not ${url.protocol}`);
    if (url.username !== '' || url.password !== '') throw new Refused('An address that holds a password cannot be fetched: send a header.');
    const target = `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
    if (!targets.includes(target)) throw new Refused(`${target} is not among the hosts that the offer names: ${targets.join(', ')}.`);
    const isOwn = ownTargets.includes(target);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const refusal = () => new Refused(`${target} is an address of a private network, which this node does not connect to for programs.`);
    if (isIP(host) !== 0 && !isOwn && !isPublicAddress(host)) throw refusal();

    const options: RequestOptions = {
      method,
      headers: Object.fromEntries(headers.filter(([name]) => !refusedHeaders.test(name.toLowerCase()))),
      signal,
      agent: false,
      lookup: isOwn ? lookup : publicLookup(refusal),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options);
    request.once('socket', (socket) =>
      socket.once('connect', () => {
        // Whatever the way here was: this is where it has led.
        if (!isOwn && !isPublicAddress(socket.remoteAddress ?? '')) request.destroy(refusal());
      }),
    );
    request.once('response', resolve);
    request.once('error', (error) =>
      reject(error instanceof Refused ? error : new Refused(`${target} could not be reached (${codeOf(error)}).`)),
    );
    request.end(body);
    return promise;
  }
}

function toAnswer(response: IncomingMessage, { url, redirected }: { url: string; redirected: boolean }): ServiceAnswer {
  const headers: [string, string][] = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    headers.push([response.rawHeaders[at] ?? '', response.rawHeaders[at + 1] ?? '']);
  return {
    head: { status: response.statusCode, statusText: response.statusMessage ?? '', headers, url, redirected },
    body: atMost(response),
  };
}

async function* atMost(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > mostBytes) throw new Refused(`An answer may have at most ${mostBytes / 1024 / 1024} MiB.`);
    yield chunk;
  }
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.message);
