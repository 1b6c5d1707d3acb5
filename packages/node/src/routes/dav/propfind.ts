import { Readable } from 'node:stream';
import type { DriveHandle, Page, Property } from '@freehold/drive';
import type { Entry } from '@freehold/protocol';
import { readSmall } from './body.ts';
import { DavError } from './error.ts';
import { depthOf, type Depth } from './headers.ts';
import { liveProperties, onRequest, type Subject } from './live.ts';
import { multistatusBegin, multistatusEnd, propstat, responseOf, xmlType } from './multistatus.ts';
import { hrefOf, placeAt } from './place.ts';
import { entryOf, type Visit } from './visit.ts';
import { childOf, davNamespace, elementsOf, escapeXml, isDav, parseXml, type XmlName } from './xml.ts';

const page = 200;
/** Characters told at once: who asks for many long names gets them as it reads, and not out of memory. */
const portion = 64 * 1024;
const maximumNames = 500;

type Question = { kind: 'all'; named: readonly XmlName[] } | { kind: 'names' } | { kind: 'named'; named: readonly XmlName[] };

/** PROPFIND (RFC 4918 §9.1): streams the properties of an entry and of what is below it, page by page, however much that is. */
export async function propfind(visit: Visit): Promise<unknown> {
  const entry = entryOf(visit);
  const depth = depthOf(visit.headers, [0, 1, 'infinity'], 'infinity');
  const question = parseQuestion(await readSmall(visit.stream));
  visit.reply.code(207).header('content-type', xmlType);
  return visit.reply.send(Readable.from(answer(visit, { entry, depth, question }), { objectMode: false }));
}

function parseQuestion(body: Buffer): Question {
  if (body.length === 0) return { kind: 'all', named: [] };
  const root = parseXml(body);
  if (!isDav(root, 'propfind')) throw new DavError('dav_invalid', 'The body must be a propfind element in the namespace "DAV:".');
  const namesIn = (parent: string) => {
    const element = childOf(root, parent);
    const named = element ? elementsOf(element).map(({ namespace, name }) => ({ namespace, name })) : [];
    if (named.length > maximumNames) throw new DavError('dav_invalid', `Ask for at most ${maximumNames} properties at a time.`);
    return named;
  };
  if (childOf(root, 'propname')) return { kind: 'names' };
  if (childOf(root, 'allprop')) return { kind: 'all', named: namesIn('include') };
  if (childOf(root, 'prop')) return { kind: 'named', named: namesIn('prop') };
  throw new DavError('dav_invalid', 'The propfind element must hold prop, allprop or propname.');
}

async function* answer(
  { files, place, locks, signal }: Visit,
  { entry, depth, question }: { entry: Entry; depth: Depth; question: Question },
): AsyncGenerator<string> {
  let known: ReturnType<DriveHandle['usage']> | undefined;
  const usage = () => (known ??= files.usage());
  const needsKept = question.kind !== 'named' || question.named.some(({ namespace }) => namespace !== davNamespace);
  yield multistatusBegin;
  for await (const found of walk(files, { entry, names: place.names }, depth)) {
    signal.throwIfAborted();
    const kept = needsKept ? await files.properties.of(found.map((one) => one.entry.id)) : new Map<string, Property[]>();
    let text = '';
    for (const { entry: one, names } of found) {
      const subject: Subject = { entry: one, path: placeAt(names).path, locks, usage };
      text += responseOf(hrefOf(names, one.kind === 'folder'), await propertiesOf(subject, kept.get(one.id) ?? [], question));
      if (text.length < portion) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }
  yield multistatusEnd;
}

type Found = { entry: Entry; names: readonly string[] };

/** The entry, then what is below it, a page at a time; a folder of a page is gone through before the next page, so little is held. */
async function* walk(files: DriveHandle, top: Found, depth: Depth): AsyncGenerator<Found[]> {
  yield [top];
  if (depth !== 0 && top.entry.kind === 'folder') yield* walkBelow(files, top, depth);
}

async function* walkBelow(files: DriveHandle, folder: Found, depth: Depth): AsyncGenerator<Found[]> {
  for (let after: string | undefined = ''; after !== undefined;) {
    const { entries, next }: Page = await files.list({ parent: folder.entry.id, after, limit: page });
    const found = entries.map((entry) => ({ entry, names: [...folder.names, entry.name] }));
    if (found.length > 0) yield found;
    if (depth === 'infinity') for (const one of found) if (one.entry.kind === 'folder') yield* walkBelow(files, one, depth);
    after = next;
  }
}

async function propertiesOf(subject: Subject, kept: readonly Property[], question: Question): Promise<string> {
  if (question.kind === 'named') return named(subject, kept, question.named);
  const live: string[] = [];
  for (const [name, compute] of liveProperties) {
    if (question.kind === 'all' && onRequest.has(name)) continue;
    const value = await compute(subject);
    if (value !== undefined) live.push(question.kind === 'names' ? `<D:${name}/>` : `<D:${name}>${value}</D:${name}>`);
  }
  const others = kept.map((property) => (question.kind === 'names' ? emptyElement(property) : property.value));
  const extra =
    question.kind === 'all' ? question.named.filter(({ namespace, name }) => namespace === davNamespace && onRequest.has(name)) : [];
  return propstat(200, [...live, ...others]) + (extra.length > 0 ? await named(subject, kept, extra) : '');
}

async function named(subject: Subject, kept: readonly Property[], names: readonly XmlName[]): Promise<string> {
  const found: string[] = [];
  const missing: string[] = [];
  for (const wanted of names) {
    const value = await valueOf(subject, kept, wanted);
    if (value === undefined) missing.push(emptyElement(wanted));
    else found.push(value);
  }
  return propstat(200, found) + propstat(404, missing);
}

async function valueOf(subject: Subject, kept: readonly Property[], { namespace, name }: XmlName): Promise<string | undefined> {
  const compute = namespace === davNamespace ? liveProperties.get(name) : undefined;
  if (!compute) return kept.find((property) => property.namespace === namespace && property.name === name)?.value;
  const value = await compute(subject);
  return value === undefined ? undefined : `<D:${name}>${value}</D:${name}>`;
}

export const emptyElement = ({ namespace, name }: XmlName): string =>
  namespace === davNamespace ? `<D:${name}/>` : `<${name} xmlns="${escapeXml(namespace)}"/>`;
