import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isPublicAddress } from '@freehold/compute';
import { RequestError } from '../error.ts';
import { gatewayHostOf } from './gateway-host.ts';
import type { Arrival } from './route.ts';

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);
const isLoopbackAddress = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address);
const forwardedHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

const nameOf = (host: string) => host.replace(/:\d+$/, '').toLowerCase();

/** Whether an origin is one of the node's: configured, a loopback name, or an IP address. */
export function isOwnOrigin(origin: string, origins: readonly string[]): boolean {
  if (origins.includes(origin)) return true;
  const name = nameOf(origin.replace(/^https?:\/\//, ''));
  return loopbackNames.has(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/**
 * Whether a host is a public address that is not the one which was connected to. Its server could be another's: what a wallet signs for
 * a page there, such as to sign in, would be good here.
 */
function isElsewhere(name: string, localAddress: string | undefined): boolean {
  const host = name.replace(/^\[|\]$/g, '');
  return isPublicAddress(host) && host !== localAddress?.replace(/^::ffff:/i, '');
}

/** Under which of its names the node was addressed. */
type Named = Pick<Arrival, 'origin' | 'gateway'> & { isLoopbackName: boolean };

/**
 * Decides under which of its names the node was addressed. A Host that is not one of them is refused, which stops DNS
 * rebinding: a page on another site cannot make a browser talk to this node under that site's name. IP addresses are
 * taken, since no name resolution is involved, but public ones only when they are this machine's. `gateways` names the hosts of published content, where a caller can
 * reach nothing else; leave them out where the whole node is reached. Errors: `invalid_request`, `host_unknown`.
 */
export function arrivalOf(request: IncomingMessage, origins: readonly string[], gateways?: readonly string[]): Arrival {
  const { host } = request.headers;
  if (hostsIn(request) !== 1 || host === undefined || !/^[A-Za-z0-9.\-:[\]]{1,255}$/.test(host)) {
    throw new RequestError('invalid_request', 400, 'The request must name its host exactly once.');
  }
  if (!request.url?.startsWith('/')) throw new RequestError('invalid_request', 400, 'Ask for a path on this node, beginning with a slash.');
  return toArrival(request, namedBy(host, request.socket.localAddress, origins, gateways));
}

const mostNames = 256;

/** The same for many requests: what a host means is found out once. Answers undefined to what would be refused. */
export function openArrivals({ origins, gateways }: { origins: readonly string[]; gateways: readonly string[] }) {
  const known = new Map<string, Named>();

  return (request: IncomingMessage): Arrival | undefined => {
    const { host } = request.headers;
    const { localAddress } = request.socket;
    const key = `${host} ${localAddress}`;
    const named = known.get(key);
    if (named && hostsIn(request) === 1 && request.url?.startsWith('/')) return toArrival(request, named);
    try {
      const arrival = arrivalOf(request, origins, gateways);
      if (known.size >= mostNames) known.clear();
      if (host !== undefined) known.set(key, namedBy(host, localAddress, origins, gateways));
      return arrival;
    } catch {
      return undefined;
    }
  };
}

/** How many Host headers there are: of several, only the first is among `headers`. */
function hostsIn({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

function namedBy(host: string, localAddress: string | undefined, origins: readonly string[], gateways?: readonly string[]): Named {
  const name = nameOf(host);
  const configured = origins.find((origin) => new URL(origin).host === host.toLowerCase());
  const origin = configured ?? `http://${host.toLowerCase()}`;
  const gateway = gateways && gatewayHostOf(host, gateways);
  if (!gateway && (!isOwnOrigin(origin, origins) || (!configured && isElsewhere(name, localAddress)))) {
    throw new RequestError(
      'host_unknown',
      421,
      `This node does not answer to the name ${JSON.stringify(name)}. Its owner can allow it with FREEHOLD_ORIGIN=https://${name}.`,
    );
  }
  return { origin, isLoopbackName: loopbackNames.has(name), ...(gateway && { gateway }) };
}

function toArrival({ headers, socket }: IncomingMessage, { isLoopbackName, ...named }: Named): Arrival {
  const remoteAddress = socket.remoteAddress ?? '';
  return {
    ...named,
    remoteAddress,
    isLoopback: isLoopbackName && isLoopbackAddress(remoteAddress) && !forwardedHeaders.some((header) => header in headers),
    userAgent: (headers['user-agent'] ?? '').slice(0, 200),
  };
}
