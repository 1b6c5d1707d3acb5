import { RequestError } from '../../error.ts';

export type Format = 'raw' | 'car' | 'tar' | 'dag-json' | 'dag-cbor' | 'json' | 'cbor' | 'ipns-record';

const byType: Record<string, Format> = {
  'application/vnd.ipld.raw': 'raw',
  'application/vnd.ipld.car': 'car',
  'application/x-tar': 'tar',
  'application/vnd.ipld.dag-json': 'dag-json',
  'application/vnd.ipld.dag-cbor': 'dag-cbor',
  'application/json': 'json',
  'application/cbor': 'cbor',
  'application/vnd.ipfs.ipns-record': 'ipns-record',
};
const formats = new Set<string>(Object.values(byType));
const isFormat = (text: string): text is Format => formats.has(text);

/** CAR version 1 with each block once, or as often as it is met. */
export type CarVariant = { order: 'dfs' | 'unk'; duplicates: boolean };
export type Wanted = {
  /** Undefined for the content as such: files, and folders as pages. */
  format: Format | undefined;
  car: CarVariant;
  /** The query that asks for just this; undefined when the query did. */
  spelled: string | undefined;
  acceptsHtml: boolean;
};

type Accepted = { type: string; params: Map<string, string>; quality: number };

/** What is wanted: the query counts more than the Accept header. Errors: 400 for what is unknown, 406 for a variant that there is not. */
export function wantedFormat(query: URLSearchParams, accept: string | undefined): Wanted {
  const accepted = parseAccept(accept);
  const acceptsHtml = accepted.some(({ type }) => type === 'text/html');
  const asked = query.get('format');
  if (asked !== null && !isFormat(asked))
    throw new RequestError(
      'invalid_request',
      400,
      `The format ${JSON.stringify(asked.slice(0, 50))} is not one of ${[...formats].join(', ')}.`,
    );
  const first = accepted.find(({ type }) => type === 'text/html' || type === '*/*' || type in byType);
  const format = asked ?? (first && byType[first.type]);
  if (format !== 'car')
    return { format, car: standardCar, spelled: asked === null && format !== undefined ? `format=${format}` : undefined, acceptsHtml };
  const car = carVariant(
    query,
    accepted.filter(({ type }) => type === 'application/vnd.ipld.car'),
  );
  const spelling = `format=car&car-version=1&car-order=${car.order}&car-dups=${car.duplicates ? 'y' : 'n'}`;
  return {
    format,
    car,
    spelled: new URLSearchParams(spelling).entries().every(([key, value]) => query.get(key) === value) ? undefined : spelling,
    acceptsHtml,
  };
}

const standardCar: CarVariant = { order: 'dfs', duplicates: false };

function carVariant(query: URLSearchParams, accepted: readonly Accepted[]): CarVariant {
  const variants = accepted.length > 0 ? accepted.map(({ params }) => params) : [new Map<string, string>()];
  const fromQuery = new Map(
    [...query].filter(([key]) => /^car-(version|order|dups)$/.test(key)).map(([key, value]) => [key.slice('car-'.length), value] as const),
  );
  for (const [key, value] of fromQuery)
    if (!isPossible(key, value))
      throw new RequestError('invalid_request', 400, `There is no CAR with car-${key}=${value.slice(0, 50)} here.`);
  const possible = variants.find((params) => [...params].every(([key, value]) => fromQuery.has(key) || isPossible(key, value)));
  if (!possible)
    throw new RequestError(
      'invalid_request',
      406,
      'CAR files are of version 1, in the order dfs, with dups=n or dups=y. Ask for one of these.',
    );
  const value = (key: string) => fromQuery.get(key) ?? possible.get(key);
  return { order: 'dfs', duplicates: value('dups') === 'y' };
}

function isPossible(key: string, value: string): boolean {
  if (key === 'version') return value === '1';
  if (key === 'order') return value === 'dfs' || value === 'unk';
  return key !== 'dups' || value === 'y' || value === 'n';
}

/** By quality, then as they stand. */
function parseAccept(header: string | undefined): Accepted[] {
  return (header ?? '')
    .slice(0, 4096)
    .split(',')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
      const params = new Map(
        rest.map((piece) => {
          const [key = '', value = ''] = piece.split('=', 2).map((side) => side.trim());
          return [key.toLowerCase(), value.replace(/^"(.*)"$/, '$1')] as const;
        }),
      );
      const quality = Number(params.get('q') ?? 1);
      params.delete('q');
      return { type: type.toLowerCase(), params, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality);
}
