import { sql, type Database, type Sql, type Statement } from '@freehold/database';
import { foldName } from '../search/fold.ts';
import type { Question } from '../search/grams.ts';
import { entryColumns, type EntryRow } from './entries.ts';

const recentEntries = 1000;
/** No name and no question holds it. */
const separator = '\u001F';

/** An entry with its place in the order in which entries were made. */
export type NumberedRow = EntryRow & { number: number; folded: string | null };

/** `first`: those that begin with the first word; `rest`: the others. */
export type Part = 'first' | 'rest';

export type NameSearch = {
  question: Question;
  words: readonly string[];
  part: Part;
  /** Only entries with a smaller number. */
  before: number;
  limit: number;
};

/**
 * Entries of one drive that may answer a question about names, newest first. What the index says is necessary, not sufficient: whoever
 * asks compares the names, and looks whether a folder above is in the trash.
 */
export const nameRows = (tx: Sql, drive: string, dialect: Database['dialect']) => ({
  candidates: (search: NameSearch): Promise<NumberedRow[]> =>
    dialect === 'sqlite' ? fromSqlite(tx, drive, search) : fromPostgres(tx, drive, search),
});

const fromSqlite = (tx: Sql, drive: string, { question, part, before, limit }: NameSearch): Promise<NumberedRow[]> =>
  tx.all(sql`SELECT entry.number, folded, ${entryColumns} FROM name_gram JOIN entry ON entry.number = name_gram.rowid
    WHERE name_gram MATCH ${expression(question, part, drive.slice(24))} AND name_gram.rowid < ${before} AND entry.drive = ${drive}
    ORDER BY name_gram.rowid DESC LIMIT ${limit}`);

/** An index of PostgreSQL gives all that it finds, and sorts it. So the newest entries are looked at first: what is frequent is among them. */
async function fromPostgres(tx: Sql, drive: string, { question, words, part, before, limit }: NameSearch): Promise<NumberedRow[]> {
  const beginning = `${literally(question.first.slice(2))}%`;
  const inPart = part === 'first' ? sql`folded LIKE ${beginning}` : sql`folded NOT LIKE ${beginning}`;
  const mine = sql`FROM entry WHERE drive = ${drive} AND number < ${before} AND trashed_at IS NULL`;
  const recent = await tx.all<NumberedRow>(sql`SELECT * FROM (
      SELECT number, folded, ${entryColumns} ${mine} ORDER BY number DESC LIMIT ${recentEntries}
    ) AS recent WHERE ${likeAll(words)} AND ${inPart} ORDER BY number DESC LIMIT ${limit}`);
  if (recent.length === limit) return recent;
  const wanted = part === 'first' ? [...question.all, question.first] : question.all;
  const grams = wanted.map((gram) => drive.slice(24) + gram).join(separator);
  return tx.all(sql`WITH found AS MATERIALIZED (
      SELECT number, folded, ${entryColumns} ${mine} AND name_grams(drive, folded) @> string_to_array(${grams}, ${separator}) AND ${inPart}
    ) SELECT * FROM found ORDER BY number DESC LIMIT ${limit}`);
}

/** Folds names from before there was a search; answers how many. */
export async function foldNames(tx: Sql, limit: number): Promise<number> {
  const rows = await tx.all<{ id: string; name: string }>(
    sql`SELECT id, name FROM entry WHERE folded IS NULL ORDER BY number LIMIT ${limit}`,
  );
  for (const { id, name } of rows) await tx.run(sql`UPDATE entry SET folded = ${foldName(name)} WHERE id = ${id}`);
  return rows.length;
}

/** In FTS5's language, where a text in quotes is only a text. Two quotes in it are one. */
function expression({ all, first }: Question, part: Part, tag: string): string {
  const quoted = (gram: string) => `"${tag}${gram.replaceAll('"', '""')}"`;
  const every = all.map(quoted).join(' AND ');
  return part === 'first' ? `${every} AND ${quoted(first)}` : `(${every}) NOT ${quoted(first)}`;
}

const likeAll = (words: readonly string[]): Statement =>
  words.map((word) => sql`folded LIKE ${`%${literally(word)}%`}`).reduce((all, one) => sql`${all} AND ${one}`);

/** For LIKE, which knows two wildcards and a backslash against them. */
const literally = (word: string) => word.replace(/[\\%_]/g, String.raw`\$&`);
