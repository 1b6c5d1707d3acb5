import { sql, type Database, type Sql, type Statement } from '@freehold/database';
import { foldName } from '../search/fold.ts';
import type { Question } from '../search/grams.ts';
import { entryColumns, type EntryRow } from './entries.ts';

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
  candidates: ({ question, words, part, before, limit }: NameSearch): Promise<NumberedRow[]> =>
    dialect === 'sqlite'
      ? tx.all(sql`SELECT entry.number, folded, ${entryColumns} FROM name_gram JOIN entry ON entry.number = name_gram.rowid
          WHERE name_gram MATCH ${expression(question, part, drive.slice(24))} AND name_gram.rowid < ${before} AND entry.drive = ${drive}
          ORDER BY name_gram.rowid DESC LIMIT ${limit}`)
      : tx.all(sql`SELECT number, folded, ${entryColumns} FROM entry
          WHERE drive = ${drive} AND number < ${before} AND trashed_at IS NULL AND ${likeAll(words)}
            AND folded ${part === 'first' ? sql`LIKE` : sql`NOT LIKE`} ${`${literally(words[0] ?? '')}%`}
          ORDER BY number DESC LIMIT ${limit}`),
});

/** Folds names from before there was a search; answers how many. */
export async function foldNames(tx: Sql, limit: number): Promise<number> {
  const rows = await tx.all<{ id: string; name: string }>(
    sql`SELECT id, name FROM entry WHERE folded IS NULL ORDER BY number LIMIT ${limit}`,
  );
  for (const { id, name } of rows) await tx.run(sql`UPDATE entry SET folded = ${foldName(name)} WHERE id = ${id}`);
  return rows.length;
}

/** For PostgreSQL only. Fails where the database's user may not create extensions and nobody did before. */
export async function indexFoldedNames(tx: Sql): Promise<void> {
  await tx.run(sql`CREATE EXTENSION IF NOT EXISTS pg_trgm`);
  await tx.run(sql`CREATE EXTENSION IF NOT EXISTS btree_gin`);
  await tx.run(sql`CREATE INDEX IF NOT EXISTS entry_folded ON entry USING gin (drive, folded gin_trgm_ops) WHERE trashed_at IS NULL`);
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
