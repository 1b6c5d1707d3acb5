import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { sitePrefix } from '../../http/gateway-host.ts';
import { route, type Route } from '../../http/route.ts';
import { sendAnswer } from './answer.ts';
import { wantedFormat } from './format.ts';
import { openGateway } from './gateway.ts';
import { forUri, gatewayFor, siteOf, toSite } from './hosts.ts';
import { readPlace } from './place.ts';
import { publishingRoutes } from './publishing.ts';

const anyPath = z.looseObject({ '*': z.string() });
const anyQuery = z.looseObject({});

/** Publishing for accounts, and the gateway for everybody: by path, and by host for content that gets an origin of its own. */
export function ipfsRoutes({ drive, gateways, now }: { drive: Drive; gateways: readonly string[]; now: () => number }): Route[] {
  const gateway = openGateway({ published: drive.published, now });
  const byPath = (space: 'ipfs' | 'ipns') =>
    route({
      method: 'GET',
      path: `/${space}/*`,
      dialect: 'gateway',
      policy: 'anyone',
      summary:
        space === 'ipfs'
          ? 'Published content by CID and path: files, folders, blocks, CAR files'
          : 'The same by the name of a key, or its signed record',
      params: anyPath,
      query: anyQuery,
      async handle(call) {
        const { request, arrival, signal } = call;
        const place = readPlace(request.raw.url ?? '/');
        const { format, acceptsHtml } = wantedFormat(place.query, request.headers.accept);
        const host = gatewayFor(request, arrival, gateways, acceptsHtml && format === undefined);
        const answer =
          forUri(place) ??
          (host === undefined
            ? await gateway.answer(place, { headers: request.headers, signal })
            : toSite(gateway, place, { request, host }));
        return sendAnswer(call, answer);
      },
    });
  return [
    ...publishingRoutes(drive),
    byPath('ipfs'),
    byPath('ipns'),
    route({
      method: 'GET',
      path: `${sitePrefix}/*`,
      dialect: 'gateway',
      policy: 'anyone',
      summary: 'Published content on a host of its own, <cid>.ipfs.<gateway>; not reached by this path',
      params: anyPath,
      query: anyQuery,
      async handle(call) {
        const { request, arrival, signal } = call;
        const site = siteOf(gateway, request, arrival);
        return sendAnswer(call, 'status' in site ? site : await gateway.answer(site, { headers: request.headers, signal }));
      },
    }),
  ];
}
