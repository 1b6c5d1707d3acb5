import type { Sql } from '@freehold/database';
import { DriveError } from '../error.ts';
import { keyValueRows, type KeyRange } from '../store/keyvalue.ts';
import { fromText, type Json } from './json.ts';
import { rangeOf } from './key.ts';

const longestPage = 1000;
const furthestOffset = 5000;
/** Values are read into memory: a page ends early, and a list without pages is refused. */
const largestPage = 4 * 1024 * 1024;
const largestList = 32 * 1024 * 1024;
const longestList = 20_000;

export type ListRequest = {
  as: 'keys' | 'values' | 'entries';
  /** Keys that begin with it; one `*` at the end is left out. */
  pattern?: string | undefined;
  reverse?: boolean | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
  /** From the last page; null for the first. */
  cursor?: string | null | undefined;
  includeTotal?: boolean | undefined;
};
export type ListPage = { items: Json[]; cursor?: string; total?: number };

type Where = { account: string; namespace: string; foreign: boolean; now: number };

/** One page, in the order of code points. Errors: `cursor_invalid`, `value_invalid`. */
export async function listPage(db: Sql, where: Where, request: ListRequest): Promise<ListPage> {
  const cursor = request.cursor ? parseCursor(request.cursor) : undefined;
  if (cursor && request.offset) throw wrong('Give a cursor or an offset, not both.');
  if (cursor && request.reverse !== undefined && request.reverse !== cursor.reverse)
    throw new DriveError('cursor_invalid', 'This cursor belongs to a list in the other direction. Leave out `reverse`, or begin anew.');
  const limit = request.limit ?? longestPage;
  const offset = request.offset ?? 0;
  if (!(Number.isInteger(limit) && limit >= 1)) throw wrong('`limit` is a whole number from 1.');
  if (!(Number.isInteger(offset) && offset >= 0 && offset <= furthestOffset))
    throw wrong(`\`offset\` is a whole number from 0 to ${furthestOffset}. Further on, follow the cursor.`);

  const range: KeyRange = {
    ...rangeOf(prefixOf(request.pattern)),
    after: cursor?.after,
    reverse: cursor?.reverse ?? request.reverse ?? false,
    now: where.now,
    foreign: where.foreign,
  };
  const rows = keyValueRows(db, where);
  const wanted = Math.min(limit, longestPage);
  const found = await rows.keys(range, { limit: wanted + 1, offset });
  const count = request.as === 'keys' ? Math.min(found.length, wanted) : fitting(found, wanted);
  const items = await read(
    rows,
    range,
    request.as,
    found.slice(0, count).map(({ key }) => key),
  );
  const last = found[count - 1];
  return {
    items,
    ...(last && found.length > count && { cursor: makeCursor({ after: last.key, reverse: range.reverse }) }),
    ...(request.includeTotal && { total: await rows.count({ ...range, after: undefined }) }),
  };
}

/** Everything at once, as old versions of the SDK ask for it. Errors: `value_too_large` when that is too much. */
export async function listAll(db: Sql, where: Where, { as, pattern, reverse = false }: ListRequest): Promise<Json[]> {
  const range: KeyRange = { ...rangeOf(prefixOf(pattern)), after: undefined, reverse, now: where.now, foreign: where.foreign };
  const rows = keyValueRows(db, where);
  const found = await rows.keys(range, { limit: longestList + 1, offset: 0 });
  const bytes = found.reduce((sum, row) => sum + row.bytes, 0);
  if (found.length > longestList || (as !== 'keys' && bytes > largestList))
    throw new DriveError('value_too_large', 'This is too much for one answer. Ask for pages with `limit` and `cursor`.');
  return read(
    rows,
    range,
    as,
    found.map(({ key }) => key),
  );
}

/** The keys were read before their values: what was written between them in the meantime is answered too, and nothing is left out. */
async function read(rows: ReturnType<typeof keyValueRows>, range: KeyRange, as: ListRequest['as'], keys: string[]): Promise<Json[]> {
  const [first, last] = [keys[0], keys.at(-1)];
  if (as === 'keys' || first === undefined || last === undefined) return keys;
  const entries = await rows.entries({ ...range, first, last }, keys.length + longestPage);
  return entries.map(({ key, value }) => (as === 'values' ? fromText(value) : { key, value: fromText(value) }));
}

/** How many of the first rows fit into a page, at least one. */
function fitting(rows: readonly { bytes: number }[], most: number): number {
  let bytes = 0;
  const end = rows.findIndex((row, index) => {
    bytes += row.bytes;
    return index >= most || (index > 0 && bytes > largestPage);
  });
  return end === -1 ? rows.length : end;
}

const prefixOf = (pattern: string | undefined) => (pattern ?? '').replace(/\*$/, '').toWellFormed().replaceAll('\0', '');

type Cursor = { after: string; reverse: boolean };

const makeCursor = ({ after, reverse }: Cursor) => `${reverse ? 'd' : 'a'}${Buffer.from(after).toString('base64url')}`;

function parseCursor(text: string): Cursor {
  const [, direction, encoded] = /^([ad])([A-Za-z0-9_-]{1,1400})$/.exec(text) ?? [];
  const after = Buffer.from(encoded ?? '', 'base64url').toString('utf8');
  if (after === '' || after.includes('\0'))
    throw new DriveError('cursor_invalid', 'This is not a cursor of this list. Begin with the first page.');
  return { after, reverse: direction === 'd' };
}

const wrong = (message: string) => new DriveError('value_invalid', message);
