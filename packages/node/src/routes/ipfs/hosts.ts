import type { FastifyRequest } from 'fastify';
import { RequestError } from '../../error.ts';
import { gatewayHostOf } from '../../http/gateway-host.ts';
import type { Arrival } from '../../http/route.ts';
import { redirect, type Answer } from './answer.ts';
import type { Gateway } from './gateway.ts';
import { pathOf, readPlace, type Place } from './place.ts';

const scheme = ({ headers }: FastifyRequest) => (headers['x-forwarded-proto'] === 'https' ? 'https' : 'http');

/**
 * The host to which a request by path is sent on, so that the content gets an origin of its own: always from the name of a gateway, and from
 * `localhost` when a person opens a page. Undefined where there is none, such as on an IP address.
 */
export function gatewayFor(request: FastifyRequest, arrival: Arrival, gateways: readonly string[], isPage: boolean): string | undefined {
  if (arrival.gateway) return arrival.gateway.gateway;
  const forwarded = request.headers['x-forwarded-host'];
  const known = typeof forwarded === 'string' ? gatewayHostOf(forwarded, gateways) : undefined;
  if (known && !known.site) return known.gateway;
  const { host, hostname } = new URL(arrival.origin);
  return hostname === 'localhost' && isPage ? host : undefined;
}

/** The same content on a host of its own. Errors: 400 when its name is too long for one. */
export function toSite(gateway: Gateway, place: Place, { request, host }: { request: FastifyRequest; host: string }): Answer {
  const label = gateway.labelOf(place);
  if (label === undefined)
    throw new RequestError(
      'invalid_request',
      400,
      'This CID is too long for a host name. Ask for it by path on an IP address of the node.',
    );
  return redirect(
    `${scheme(request)}://${label}.${place.space}.${host}${pathOf(place.segments) || '/'}${place.isFolder && place.segments.length > 0 ? '/' : ''}${place.search}`,
  );
}

/** What a request to the host of some content asks for, or where it has to go for it. */
export function siteOf(gateway: Gateway, request: FastifyRequest, arrival: Arrival): Place | Answer {
  const { gateway: host, site } = arrival.gateway ?? {};
  if (host === undefined || !site) throw new RequestError('not_found', 404, 'There is nothing at this path.');
  const place = readPlace(request.originalUrl, { space: site.space, name: site.label });
  const label = gateway.labelOf(place);
  return label === site.label ? place : toSite(gateway, place, { request, host });
}

/** `/ipfs/?uri=ipfs://…`, which browsers call for links of these schemes. */
export function forUri(place: Place): Answer | undefined {
  const uri = place.name === '' ? place.query.get('uri') : null;
  if (uri === null) return undefined;
  const [, space, rest] = /^(ipfs|ipns):\/\/([^/?#].*)$/.exec(uri) ?? [];
  if (rest === undefined) throw new RequestError('invalid_request', 400, 'The uri must begin with ipfs:// or ipns://.');
  return redirect(`/${space}/${encodeURI(decodeURI(rest))}`);
}
