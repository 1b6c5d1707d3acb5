import type { IncomingHttpHeaders } from 'node:http';
import {
  DriveError,
  asFile,
  hostLabel,
  isKnownCodec,
  ipnsName,
  parseCid,
  readFile,
  resolvePath,
  type Drive,
  type Resolved,
} from '@freehold/drive';
import { RequestError } from '../../error.ts';
import { redirect, type Answer } from './answer.ts';
import { childNamed, contentAnswer, pageAnswer, type Content } from './content.ts';
import { wantedFormat, type Wanted } from './format.ts';
import type { Place } from './place.ts';
import { recordAnswer } from './records.ts';
import { matchRedirect, parseRedirects } from './redirects.ts';

export type GatewayRequest = { headers: IncomingHttpHeaders; signal: AbortSignal };

const immutable = 'public, max-age=29030400, immutable';
const largestRedirects = 64 * 1024;

/** Where a name leads: the root of the content, the names below it that belong to the value of the name, and how long that holds. */
type Root = { cid: NonNullable<ReturnType<typeof parseCid>>; prefix: string[]; cacheControl: string };

/** The gateway as a function from a place to an answer; which host or path it came from is for others to know. */
export function openGateway({ published, now }: { published: Drive['published']; now: () => number }) {
  const { blocks } = published;

  async function rootOf({ space, name }: Place): Promise<Root> {
    if (space === 'ipfs') return { cid: cidOf(name), prefix: [], cacheControl: immutable };
    const { path, ttl } = await published.resolveName(name);
    const [, , text = '', ...prefix] = path.split('/');
    return { cid: cidOf(text), prefix: prefix.filter(Boolean), cacheControl: `public, max-age=${Math.floor(ttl / 1000)}` };
  }

  async function answerContent(place: Place, wanted: Wanted, { headers, signal }: GatewayRequest): Promise<Answer> {
    const root = await rootOf(place);
    const contentOf = (target: Resolved): Content => ({
      blocks,
      place,
      target,
      wanted,
      cacheControl: root.cacheControl,
      headers: { range: headers.range, 'if-range': headers['if-range']?.toString() },
      signal,
    });
    const target = await resolvePath(blocks, root.cid, [...root.prefix, ...place.segments]).catch(async (error: unknown) => {
      const isMissing = error instanceof DriveError && error.code === 'content_not_found';
      if (!isMissing || !place.isIsolated || wanted.format !== undefined) throw error;
      return (await redirected(place, root, contentOf)) ?? Promise.reject(error);
    });
    return 'status' in target ? target : contentAnswer(contentOf(target));
  }

  /** What the `_redirects` file of a site says about a path that leads nowhere. */
  async function redirected(place: Place, root: Root, contentOf: (target: Resolved) => Content): Promise<Answer | undefined> {
    const site = await resolvePath(blocks, root.cid, root.prefix);
    const file = await childNamed(blocks, site, '_redirects');
    if (file?.node.kind !== 'file') return undefined;
    const start = readFile(blocks, asFile(file), { start: 0, end: Math.min(file.node.size, largestRedirects + 1) });
    const match = matchRedirect(parseRedirects(Buffer.concat(await Array.fromAsync(start))), place.segments);
    if (!match) return undefined;
    if (match.status >= 300 && match.status < 400) return redirect(match.to, match.status);
    const segments = segmentsOf(match.to);
    const page = await resolvePath(blocks, site.cid, segments);
    if (page.node.kind === 'folder' || page.node.kind === 'shard') {
      const index = await childNamed(blocks, page, 'index.html');
      return index && pageAnswer(contentOf(page), index, { status: match.status, name: 'index.html' });
    }
    return pageAnswer(contentOf(page), page, { status: match.status, name: segments.at(-1) });
  }

  return {
    async answer(place: Place, request: GatewayRequest): Promise<Answer> {
      if (request.headers['service-worker'] === 'script' && !place.isIsolated)
        throw new RequestError(
          'invalid_request',
          400,
          'A service worker is not given out here, because other content has the same origin. Use the subdomain of the content.',
        );
      const wanted = wantedFormat(place.query, request.headers.accept);
      if (place.space === 'ipns' && wanted.format === 'ipns-record') {
        if (place.segments.length > 0) throw new RequestError('invalid_request', 400, 'A record has no paths below it.');
        return recordAnswer(published, place, now());
      }
      if (place.space === 'ipns' && !place.isIsolated) {
        const proper = ipnsName(place.name);
        if (proper !== undefined && proper !== place.name) return redirect(sameUnder(place, proper));
      }
      try {
        return await answerContent(place, wanted, request);
      } catch (error) {
        const isMissing = error instanceof DriveError && error.code === 'content_not_found';
        if (!isMissing || !/\bonly-if-cached\b/.test(request.headers['cache-control'] ?? '')) throw error;
        throw new RequestError('not_found', 412, 'This node does not have it, and was asked to look nowhere else.');
      }
    },

    /** The label of the host that the content of a place has for itself; undefined when no host name can carry it. Errors: 400. */
    labelOf({ space, name }: Pick<Place, 'space' | 'name'>): string | undefined {
      if (space === 'ipfs') return hostLabel(cidOf(name));
      const proper = ipnsName(name);
      if (proper === undefined) throw noName();
      return proper;
    },
  };
}
export type Gateway = ReturnType<typeof openGateway>;

function cidOf(text: string) {
  const cid = parseCid(text);
  if (!cid) throw new RequestError('invalid_request', 400, `${JSON.stringify(text.slice(0, 100))} is not a CID.`);
  if (!isKnownCodec(cid))
    throw new RequestError(
      'invalid_request',
      400,
      `This node does not know the codec 0x${cid.code.toString(16)} of ${text.slice(0, 100)}. Names of keys are asked for as /ipns/….`,
    );
  return cid;
}

const noName = () =>
  new RequestError(
    'invalid_request',
    400,
    'That is not the name of a key (k51…). Names of domains (DNSLink) are not looked up by this node.',
  );

const sameUnder = ({ segments, isFolder, search }: Place, name: string) =>
  `/ipns/${name}${segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')}${isFolder ? '/' : ''}${search}`;

/** The names of a path that a `_redirects` file leads to, without its query. */
const segmentsOf = (path: string): string[] =>
  (path.split(/[?#]/, 1)[0] ?? '')
    .split('/')
    .filter(Boolean)
    .map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    });
