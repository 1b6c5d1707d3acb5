import { request as send } from 'node:http';
import { z } from 'zod';
import type { Route } from '../http/route.ts';

/** A place in a request to a route where its caller names something: a part of the path, a field of the query or of the body, a header. */
export type Spot = { route: Route; in: 'path' | 'query' | 'body' | 'header'; name: string; at: readonly string[] };
/** Values that make the rest of a request plausible, by the name of the field. */
export type Known = Readonly<Record<string, string>>;
export type Outgoing = { method: string; path: string; headers: Record<string, string>; body: string | undefined };
export type Reply = { status: number; headers: string; body: string };

type Schema = {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
};

// Zod's own type for JSON Schema allows booleans and more; what is walked here is the part above.
const schemaOf = (type: z.ZodType) => z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Schema;

/** Every spot of a route that takes text. */
export function spotsOf(route: Route): Spot[] {
  const inPath = [...route.path.matchAll(/:(\w+)|\*/g)].map(([whole, name]): Spot => ({
    route,
    in: 'path',
    name: name ?? whole,
    at: [whole],
  }));
  const inQuery = Object.keys(schemaOf(route.query).properties ?? {}).map((name): Spot => ({ route, in: 'query', name, at: [name] }));
  const inBody =
    typeof route.body === 'string'
      ? []
      : leavesOf(schemaOf(route.body)).map((at): Spot => ({ route, in: 'body', name: at.findLast((step) => step !== '0') ?? '', at }));
  const inHeader =
    route.dialect === 'dav' && ['COPY', 'MOVE'].includes(route.method)
      ? [{ route, in: 'header' as const, name: 'destination', at: [] }]
      : [];
  return [...inPath, ...inQuery, ...inBody, ...inHeader];
}

const variantsOf = (schema: Schema) => schema.anyOf ?? schema.oneOf ?? [schema];

function leavesOf(schema: Schema, at: readonly string[] = []): (readonly string[])[] {
  if (at.length > 6) return [];
  return variantsOf(schema).flatMap((variant) => {
    if (variant.properties) return Object.entries(variant.properties).flatMap(([name, field]) => leavesOf(field, [...at, name]));
    if (variant.items) return leavesOf(variant.items, [...at, '0']);
    return variant.enum || variant.const !== undefined || [variant.type].flat().some((type) => type !== 'string' && type !== undefined)
      ? []
      : [at];
  });
}

/** A request whose spot holds a value, and whose other fields are plausible. The value is put into a URL as it stands. */
export function requestAt(spot: Spot, value: string, known: Known): Outgoing {
  const { route } = spot;
  const inUrl = (text: string) =>
    text.replace(/[\0-\x20\x7f-\uffff#]/g, (character) => encodeURIComponent(character.isWellFormed() ? character : '\ufffd'));
  const names = (name: string) => known[name] ?? 'x';
  const path = route.path.replace(/:(\w+)|\*/g, (whole, name: string | undefined) =>
    spot.in === 'path' && spot.at[0] === whole ? inUrl(value).replaceAll('?', '%3F') : encodeURIComponent(names(name ?? whole)),
  );
  const query = fieldsFor(schemaOf(route.query), known, spot.in === 'query' ? spot.name : undefined).map(([name, sample]) =>
    spot.in === 'query' && name === spot.name
      ? `${name}=${inUrl(value).replace(/[&+]/g, encodeURIComponent)}`
      : `${name}=${encodeURIComponent(sample)}`,
  );
  const hasBody = !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(route.method) && route.body !== 'none';
  const json = hasBody && route.body !== 'stream' && typeof route.body !== 'string';
  const body = json
    ? JSON.stringify(sampleOf(schemaOf(route.body as z.ZodType), known, spot.in === 'body' ? { at: spot.at, value } : undefined))
    : hasBody
      ? 'content'
      : undefined;
  return {
    method: route.method === 'ANY' ? 'GET' : route.method,
    path: query.length > 0 ? `${path}?${query.join('&')}` : path,
    headers: {
      ...(json && { 'content-type': 'application/json' }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...(route.dialect === 'dav' && {
        destination: spot.in === 'header' ? inUrl(value) : `/dav/${names('destination')}`,
        depth: '1',
        overwrite: 'T',
      }),
    },
    body,
  };
}

function fieldsFor(schema: Schema, known: Known, wanted: string | undefined): [string, string][] {
  const required = new Set(schema.required);
  return Object.keys(schema.properties ?? {})
    .filter((name) => required.has(name) || name === wanted || name in known)
    .map((name) => [name, known[name] ?? '1']);
}

function sampleOf(schema: Schema, known: Known, put: { at: readonly string[]; value: string } | undefined, name = ''): unknown {
  const [step, ...rest] = put?.at ?? [];
  if (put && step === undefined) return put.value;
  const variants = variantsOf(schema);
  const variant =
    variants.find((one) => step !== undefined && (one.properties?.[step] ?? (step === '0' ? one.items : undefined))) ?? variants[0] ?? {};
  if (variant.properties) {
    const required = new Set(variant.required);
    const fields = Object.entries(variant.properties).filter(([field]) => required.has(field) || field === step || field in known);
    return Object.fromEntries(
      fields.map(([field, inner]) => [
        field,
        sampleOf(inner, known, put && field === step ? { at: rest, value: put.value } : undefined, field),
      ]),
    );
  }
  if (variant.items) return [sampleOf(variant.items, known, put && step === '0' ? { at: rest, value: put.value } : undefined, name)];
  if (variant.const !== undefined) return variant.const;
  if (variant.enum) return variant.enum[0];
  const [type] = [variant.type].flat();
  if (type === 'number' || type === 'integer') return 1;
  if (type === 'boolean') return false;
  if (type === 'null') return null;
  return known[name] ?? 'x';
}

/** Sends a request exactly as it is written: no client in between that would tidy up its path. Reads at most 64 KiB of the answer. */
export function exchange(origin: string, { method, path, headers, body }: Outgoing): Promise<Reply> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const outgoing = send({ hostname, port, method, path, headers, timeout: 20_000 }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: JSON.stringify(response.headers),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > 65_536) response.destroy();
      });
      response.on('close', done).on('error', () => {});
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer to ${method} ${path}`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Does the work for each item, a few at once, in order. */
export async function forEachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>, atOnce = 16): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < items.length) await work(items[next++] as Item);
    }),
  );
}
