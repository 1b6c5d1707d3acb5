import { createHash } from 'node:crypto';
import {
  asFile,
  carOf,
  codec,
  readFile,
  resolvePath,
  DriveError,
  type Blocks,
  type CarScope,
  type EntityBytes,
  type Resolved,
} from '@freehold/drive';
import { RequestError } from '../../error.ts';
import { parseRange } from '../../http/range.ts';
import { disposition, redirect, type Answer } from './answer.ts';
import type { Format, Wanted } from './format.ts';
import { dataPage, listing, listingVersion } from './listing.ts';
import { contentTypeOf, sniffedBytes } from './media.ts';
import { pathOf, type Place } from './place.ts';
import { tarOf } from './tar.ts';

export type Content = {
  blocks: Blocks;
  place: Place;
  target: Resolved;
  wanted: Wanted;
  /** Of everything that does not change under its name. */
  cacheControl: string;
  headers: { range?: string | undefined; 'if-range'?: string | undefined };
  signal: AbortSignal;
};

const week = 'public, max-age=604800, stale-while-revalidate=2678400';

/** Pages on a host that others use too may be looked at, but nothing in them runs, and they reach nothing of that host but pictures and styles. */
const sandbox =
  "sandbox; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; media-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/** Answers with what a path led to, in the format that is wanted. */
export async function contentAnswer(content: Content): Promise<Answer> {
  const { target, wanted } = content;
  if (wanted.format !== 'car' && target.remainder.length > 0)
    throw new RequestError(
      'invalid_request',
      501,
      'The path leads into a block, to something that is not a link. Ask for the block itself.',
    );
  const answer = await byFormat(content);
  return { ...answer, headers: { ...common(content), ...answer.headers } };
}

async function byFormat(content: Content): Promise<Answer> {
  const { format } = content.wanted;
  if (format === 'raw') return rawAnswer(content);
  if (format === 'car') return carAnswer(content);
  if (format === 'tar') return tarAnswer(content);
  if (format === 'ipns-record') throw new RequestError('invalid_request', 400, 'A record is asked for with the name of a key, /ipns/k51….');
  if (format !== undefined) return storedAnswer(content, format);
  const { kind } = content.target.node;
  if (kind === 'data') return storedAnswer(content, undefined);
  return kind === 'folder' || kind === 'shard' ? folderAnswer(content) : fileAnswer(content, content.target);
}

function common({ place, target, wanted, cacheControl }: Content): Record<string, string> {
  return {
    'x-ipfs-path': `/${place.space}/${encodeURIComponent(place.name)}${pathOf(place.segments)}${place.isFolder ? '/' : ''}`,
    'x-ipfs-roots': target.roots.map(String).join(','),
    'cache-control': cacheControl,
    'x-content-type-options': 'nosniff',
    vary: 'Accept',
    ...(place.isIsolated ? {} : { 'content-security-policy': sandbox }),
    ...(wanted.spelled !== undefined && { 'content-location': locationOf(place, wanted.spelled) }),
  };
}

/** The URL that gives the same without an Accept header. */
function locationOf(place: Place, spelled: string): string {
  const query = new URLSearchParams(place.query);
  for (const [key, value] of new URLSearchParams(spelled)) query.set(key, value);
  return `${place.base}${pathOf(place.segments)}${place.isFolder ? '/' : ''}?${query.toString()}`;
}

/** A range of so many bytes, as status and headers. `If-Range` holds it back when the caller has another version. */
function ranged({ headers }: Content, etag: string, size: number) {
  const mayRange = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = mayRange ? parseRange(headers.range, size) : undefined;
  return {
    status: range ? 206 : 200,
    extent: range ? { start: range.start, end: range.end + 1 } : { start: 0, end: size },
    headers: {
      etag,
      'accept-ranges': 'bytes',
      'content-length': range ? range.end - range.start + 1 : size,
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
    },
  };
}

function rawAnswer(content: Content): Answer {
  const { bytes, cid } = content.target;
  const { status, extent, headers } = ranged(content, `"${cid.toString()}.raw"`, bytes.length);
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/vnd.ipld.raw',
      'content-disposition': disposition('attachment', content.place.query.get('filename') ?? `${cid.toString()}.bin`),
    },
    body: bytes.subarray(extent.start, extent.end),
  };
}

function carAnswer({ blocks, place, target, wanted, signal }: Content): Answer {
  const { scope, entityBytes } = carScope(place.query);
  const { duplicates, order } = wanted.car;
  const root = target.roots[0]?.toString() ?? '';
  const what = JSON.stringify([root, place.segments, scope, entityBytes, order, duplicates]);
  const tag = createHash('sha256').update(what).digest('base64url').slice(0, 16);
  return {
    status: 200,
    headers: {
      'content-type': `application/vnd.ipld.car; version=1; order=${order}; dups=${duplicates ? 'y' : 'n'}`,
      'content-disposition': disposition('attachment', place.query.get('filename') ?? `${target.cid.toString()}.car`),
      'accept-ranges': 'none',
      etag: `"${target.cid.toString()}.car.${tag}"`,
    },
    body: carOf(blocks, target, { scope, entityBytes, duplicates, signal }),
  };
}

function carScope(query: URLSearchParams): { scope: CarScope; entityBytes: EntityBytes | undefined } {
  const bytes = query.get('entity-bytes');
  const asked = query.get('dag-scope') ?? (bytes === null ? 'all' : 'entity');
  const scope = (['block', 'entity', 'all'] as const).find((one) => one === asked);
  if (!scope) throw new RequestError('invalid_request', 400, 'dag-scope is block, entity or all.');
  if (bytes === null) return { scope, entityBytes: undefined };
  const [, from, to] = /^(-?\d{1,15}):(\*|-?\d{1,15})$/.exec(bytes) ?? [];
  if (from === undefined || to === undefined)
    throw new RequestError(
      'invalid_request',
      400,
      'entity-bytes is from:to, both included, with * for the end, such as 0:1023 or -1024:*.',
    );
  return { scope: 'entity', entityBytes: { from: Number(from), to: to === '*' ? undefined : Number(to) } };
}

function tarAnswer({ blocks, place, target, signal }: Content): Answer {
  if (target.node.kind === 'data') throw notConvertible('tar');
  const cid = target.cid.toString();
  return {
    status: 200,
    headers: {
      'content-type': 'application/x-tar',
      'content-disposition': disposition('attachment', place.query.get('filename') ?? `${place.segments.at(-1) ?? cid}.tar`),
      'accept-ranges': 'none',
      etag: `W/"${cid}.x-tar"`,
    },
    body: tarOf(blocks, target, cid, signal),
  };
}

const stored: Partial<Record<Format, { codecs: readonly number[]; type: string; ending: string }>> = {
  'dag-json': { codecs: [codec.dagJson], type: 'application/vnd.ipld.dag-json', ending: 'json' },
  'dag-cbor': { codecs: [codec.dagCbor], type: 'application/vnd.ipld.dag-cbor', ending: 'cbor' },
  json: { codecs: [codec.json, codec.dagJson], type: 'application/json', ending: 'json' },
  cbor: { codecs: [codec.cbor, codec.dagCbor], type: 'application/cbor', ending: 'cbor' },
};

/** Data as it is stored: nothing is converted. */
function storedAnswer(content: Content, asked: Format | undefined): Answer {
  const { target, wanted, place } = content;
  const cid = target.cid.toString();
  const format = asked ?? (Object.keys(stored) as Format[]).find((one) => stored[one]?.codecs[0] === target.cid.code);
  const kind = format && stored[format];
  if (!format || !kind || !kind.codecs.includes(target.cid.code)) throw notConvertible(format ?? 'page');
  if (asked === undefined && wanted.acceptsHtml && target.node.kind === 'data' && target.node.value !== undefined)
    return {
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', etag: `"DagIndex-${listingVersion}_CID-${cid}"`, 'cache-control': week },
      body: dataPage({ cid, value: target.node.value }),
    };
  const { status, extent, headers } = ranged(content, `"${cid}.${format}"`, target.bytes.length);
  const name = place.query.get('filename') ?? `${cid}.${kind.ending}`;
  return {
    status,
    headers: {
      ...headers,
      'content-type': kind.type,
      'content-disposition': disposition(kind.ending === 'json' ? 'inline' : 'attachment', name),
    },
    body: target.bytes.subarray(extent.start, extent.end),
  };
}

const notConvertible = (format: string) =>
  new RequestError(
    'invalid_request',
    406,
    `This is not stored as ${format}, and nothing is converted here. Ask for format=raw or format=car.`,
  );

async function fileAnswer(content: Content, target: Pick<Resolved, 'cid' | 'node' | 'bytes'>, index?: string): Promise<Answer> {
  const { blocks, place, signal } = content;
  const cid = target.cid.toString();
  const { etag, source, size } =
    target.node.kind === 'symlink'
      ? { etag: `"${cid}"`, source: Buffer.from(target.node.target), size: Buffer.byteLength(target.node.target) }
      : { etag: `"${cid}"`, source: asFile(target), size: asFile(target).node.size };
  const { status, extent, headers } = ranged(content, etag, size);
  const asked = place.query.get('filename');
  const name = asked ?? index ?? place.segments.at(-1) ?? '';
  const type =
    source instanceof Uint8Array
      ? 'text/plain; charset=utf-8'
      : await contentTypeOf(name, async () => {
          const start = readFile(blocks, source, { start: 0, end: Math.min(sniffedBytes, size) }, signal);
          // A range must be answered also when blocks outside of it are not here.
          return Buffer.concat(await Array.fromAsync(start).catch(() => []));
        });
  const isDownload = place.query.get('download') === 'true';
  return {
    status,
    headers: {
      ...headers,
      'content-type': type,
      ...((asked !== null || isDownload) && {
        'content-disposition': disposition(isDownload ? 'attachment' : 'inline', name === '' ? cid : name),
      }),
    },
    body: source instanceof Uint8Array ? source.subarray(extent.start, extent.end) : readFile(blocks, source, extent, signal),
  };
}

async function folderAnswer(content: Content): Promise<Answer> {
  const { blocks, place, target } = content;
  if (!place.isFolder && (place.segments.length > 0 || !place.isIsolated))
    return redirect(`${place.base}${pathOf(place.segments)}/${place.search}`);
  const index = await childNamed(blocks, target, 'index.html');
  if (index?.node.kind === 'file') return fileAnswer(content, index, 'index.html');
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      etag: `"DirIndex-${listingVersion}_CID-${target.cid.toString()}"`,
      'cache-control': place.space === 'ipfs' ? week : content.cacheControl,
    },
    body: listing(blocks, target, place),
  };
}

/** What a folder holds under a name; undefined when it holds nothing under it. */
export async function childNamed(blocks: Blocks, folder: Pick<Resolved, 'cid'>, name: string): Promise<Resolved | undefined> {
  try {
    return await resolvePath(blocks, folder.cid, [name]);
  } catch (error) {
    if (error instanceof DriveError && error.code === 'content_not_found') return undefined;
    throw error;
  }
}

/** The page of a site for a status, read whole. */
export const pageAnswer = async (
  content: Content,
  page: Resolved,
  { status, name }: { status: number; name: string | undefined },
): Promise<Answer> => {
  const answer = await fileAnswer({ ...content, headers: {} }, page, name);
  return { ...answer, status, headers: { ...common(content), ...answer.headers, ...(status !== 200 && { 'cache-control': 'no-cache' }) } };
};
