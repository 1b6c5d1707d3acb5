import { includes, type Drive, type ListOptions, type Page } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route } from '../../http/route.ts';
import { toText, type Shown } from './entry.ts';
import { PuterError } from './error.ts';
import { count, flag, subject, text } from './fields.ts';
import { notAFolder, openReach, type FilePlace, type Found, type Reach } from './reach.ts';
import { thumbnailsOf } from './thumbnails.ts';

const order = subject.extend({
  sortBy: z.enum(['name', 'modified', 'type', 'size']).nullish(),
  sortOrder: z.enum(['asc', 'desc']).nullish(),
  limit: count,
  offset: count,
  recursive: flag,
  depth: count,
  cursor: text,
  includeTotal: flag,
  no_thumbs: flag,
});
type Asked = z.output<typeof order>;

const json = 'application/json; charset=utf-8';
const pageSize = 1000;
/** A list that is not asked for in pages has an end. */
const longestList = 100_000;
const deepest = 200;

type Listing = { items: Shown[]; cursor?: string | undefined };

/** A folder, `/` or the trash: at once as an array, or in pages when a cursor (null for the first) or the total is asked for. */
export const readdirRoutes = (drive: Drive) =>
  (['/fs/readdir', '/readdir'] as const).flatMap((path) => [
    route({
      method: 'POST',
      path,
      dialect: 'puter',
      policy: 'app',
      summary: 'What a folder holds',
      body: order,
      handle: async (call) => call.reply.type(json).send(await list(openReach(drive, callerOf(call)), call.body)),
    }),
    route({
      method: 'GET',
      path,
      dialect: 'puter',
      policy: 'app',
      summary: 'What a folder holds',
      query: order,
      handle: async (call) => call.reply.type(json).send(await list(openReach(drive, callerOf(call)), call.query)),
    }),
  ]);

/** The answer as JSON text. */
async function list(reach: Reach, asked: Asked): Promise<string> {
  const found = await reach.find(reach.subject(asked), 'list');
  const isPaged = asked.cursor !== undefined || asked.includeTotal;
  if (!isPaged) return toText(await reach.withShares(await pictured(found, await listAll(reach, found, asked), asked)));
  const { items, cursor } = await listPage(reach, found, asked, {
    after: asked.cursor === '' ? undefined : (asked.cursor ?? undefined),
    offset: asked.offset ?? 0,
    limit: Math.min(asked.limit ?? pageSize, pageSize),
  });
  const total = asked.includeTotal ? await totalOf(reach, found, asked) : undefined;
  const rest = JSON.stringify({ cursor, total }).slice(1, -1);
  return `{"items":${toText(await reach.withShares(await pictured(found, items, asked)))}${rest === '' ? '' : `,${rest}`}}`;
}

/** A picture shows content, so it is for who may read it. */
async function pictured(found: Found, items: Shown[], { no_thumbs: isPlain }: Asked): Promise<Shown[]> {
  if (isPlain || found.kind === 'root' || (found.kind === 'entry' && !includes(found.place.right, 'read'))) return items;
  const drive = found.kind === 'trash' ? found.drive : found.place.drive;
  const pictures = await thumbnailsOf(drive, items);
  return pictures.size === 0 ? items : items.map((shown) => ({ ...shown, thumbnail: pictures.get(shown.entry.id) }));
}

async function listAll(reach: Reach, found: Found, asked: Asked): Promise<Shown[]> {
  const wanted = asked.limit ?? Number.MAX_SAFE_INTEGER;
  const items: Shown[] = [];
  let after: string | undefined;
  let offset = asked.offset ?? 0;
  while (items.length < wanted) {
    const page = await listPage(reach, found, asked, { after, offset, limit: Math.min(wanted - items.length, pageSize) });
    items.push(...page.items);
    if (page.cursor === undefined) break;
    if (items.length >= longestList)
      throw new PuterError('too_large', `This folder holds more than ${longestList} entries. Ask for it in pages: send \`cursor: null\`.`);
    after = page.cursor;
    offset = 0;
  }
  return items;
}

type Part = { after: string | undefined; offset: number; limit: number };

async function listPage(reach: Reach, found: Found, asked: Asked, part: Part): Promise<Listing> {
  if (part.limit === 0) return { items: [] };
  if (found.kind === 'root') return slice(await homesOf(reach), part);
  if (found.kind === 'trash') {
    const { entries, next } = await skipping(part, (options) => found.drive.listTrash(options));
    return { items: entries.map((entry) => reach.showTrashed(found, entry)), cursor: next };
  }
  const { place } = found;
  if (place.entry.kind !== 'folder') throw notAFolder(place.entry.name);
  if (asked.recursive) {
    const depth = Math.min(asked.depth || deepest, deepest);
    const { entries, next } = await skipping(part, (options) => place.drive.listTree({ parent: place.entry.id, depth, ...options }));
    return { items: entries.map((entry) => reach.showBelow(place, entry)), cursor: next };
  }
  return listFolder(reach, place, asked, part);
}

/** The trash is the first thing in one's own home. */
async function listFolder(reach: Reach, place: FilePlace, asked: Asked, { after, offset, limit }: Part): Promise<Listing> {
  const hasTrash = place.entry.parent === null && place.owner === reach.home && reach.inPerson;
  const first = hasTrash && after === undefined && offset === 0 ? [await reach.showFound(await reach.trash())] : [];
  const sort: Pick<ListOptions, 'sort' | 'descending'> = { sort: asked.sortBy ?? 'name', descending: asked.sortOrder === 'desc' };
  const options = { parent: place.entry.id, after, offset: hasTrash && after === undefined ? Math.max(0, offset - 1) : offset, ...sort };
  // Of a page that the trash fills, one entry more tells whether something follows; the cursor below stands for the first of them.
  if (first.length >= limit) return { items: first, cursor: (await place.drive.isEmpty(place.entry.id)) ? undefined : fromFirst };
  const { entries, next } = await place.drive.list({
    ...options,
    after: after === fromFirst ? undefined : after,
    limit: limit - first.length,
  });
  return { items: [...first, ...entries.map((entry) => reach.showIn(place, entry))], cursor: next };
}

/** A cursor that no name can be: everything after the trash. */
const fromFirst = '/';

async function totalOf(reach: Reach, found: Found, asked: Asked): Promise<number> {
  if (found.kind === 'root') return (await homesOf(reach)).length;
  if (found.kind === 'trash') return found.drive.countTrash();
  const { place } = found;
  const depth = asked.recursive ? Math.min(asked.depth || deepest, deepest) : 1;
  const { entries } = await place.drive.measure(place.entry.id, { depth });
  const hasTrash = !asked.recursive && place.entry.parent === null && place.owner === reach.home && reach.inPerson;
  return entries + (hasTrash ? 1 : 0);
}

const homesOf = async (reach: Reach): Promise<Shown[]> => (await reach.homes()).map((place) => reach.show(place));

function slice(items: Shown[], { after, offset, limit }: Part): Listing {
  const start = Number(after ?? offset) || 0;
  const end = start + limit;
  return { items: items.slice(start, end), cursor: end < items.length ? String(end) : undefined };
}

/** A page behind an offset, of a list that has none: what is left out is read, which is bounded as a list is. */
async function skipping(
  { after, offset, limit }: Part,
  page: (options: { after?: string; limit: number }) => Promise<Page>,
): Promise<{ entries: Page['entries']; next: string | undefined }> {
  let from = after;
  for (let left = Math.min(offset, longestList); left > 0;) {
    const skipped = await page({ ...(from !== undefined && { after: from }), limit: Math.min(left, pageSize) });
    if (skipped.next === undefined) return { entries: [], next: undefined };
    left -= skipped.entries.length;
    from = skipped.next;
  }
  const { entries, next } = await page({ ...(from !== undefined && { after: from }), limit });
  return { entries, next };
}
