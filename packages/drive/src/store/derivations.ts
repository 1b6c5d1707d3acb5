import { sql, type Database, type Sql } from '@freehold/database';
import type { Asked } from '../derive/words.ts';
import { entryColumns, idsAtOnce, listOf } from './entries.ts';
import type { NumberedRow } from './names.ts';

export type DerivationState = 'done' | 'again' | 'failed';
export type DerivationRow = {
  cid: string;
  state: DerivationState;
  attempts: number;
  words: Uint8Array | null;
  excerpt: Uint8Array | null;
  facts: string | null;
  picture: Uint8Array | null;
};

/** A file whose content is to be looked at, with what is known of the content already. The entry may be gone. */
export type DueRow = {
  number: number;
  drive: string;
  cid: string | null;
  size: number | null;
  media_type: string | null;
  state: DerivationState | null;
  attempts: number | null;
};

/** What was found in content, which belongs to no drive: who may see it is decided by the entries. */
export const derivationRows = (tx: Sql) => ({
  get(cid: string): Promise<DerivationRow | undefined> {
    return tx.get(sql`SELECT cid, state, attempts, words, excerpt, facts, picture FROM derivation WHERE cid = ${cid}`);
  },

  /** Nothing happens when the content has been collected in the meantime. */
  async put({ cid, state, attempts, words, excerpt, facts, picture }: DerivationRow): Promise<void> {
    await tx.run(sql`INSERT INTO derivation (cid, state, attempts, words, excerpt, facts, picture)
      SELECT cid, ${state}, CAST(${attempts} AS BIGINT), ${words}, ${excerpt}, ${facts}, ${picture} FROM blob WHERE cid = ${cid}
      ON CONFLICT (cid) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, words = excluded.words,
        excerpt = excluded.excerpt, facts = excluded.facts, picture = excluded.picture`);
  },
});

/** The files whose content is still to be looked at, of all drives: triggers put them there. */
export const underivedRows = (tx: Sql, dialect: Database['dialect']) => {
  const due = sql`SELECT underived.number, underived.drive, entry.cid, entry.size, entry.media_type, derivation.state, derivation.attempts
    FROM underived LEFT JOIN entry ON entry.number = underived.number AND entry.drive = underived.drive
    LEFT JOIN derivation ON derivation.cid = entry.cid`;
  return {
    /** Newest first. */
    next(now: number, limit: number): Promise<DueRow[]> {
      return tx.all(sql`${due} WHERE underived.due_at <= ${now} ORDER BY underived.number DESC LIMIT ${limit}`);
    },

    one(number: number): Promise<DueRow | undefined> {
      return tx.get(sql`${due} WHERE underived.number = ${number}`);
    },

    async count(): Promise<number> {
      const row = await tx.get<{ count: number }>(sql`SELECT COUNT(*) AS count FROM underived`);
      return row?.count ?? 0;
    },

    async postpone(number: number, until: number): Promise<void> {
      await tx.run(sql`UPDATE underived SET due_at = ${until} WHERE number = ${number}`);
    },

    /** Unless the file has got other content since it was looked at. */
    async forget({ number, drive, cid }: Pick<DueRow, 'number' | 'drive' | 'cid'>): Promise<void> {
      await tx.run(sql`DELETE FROM underived WHERE number = ${number} AND NOT EXISTS (
        SELECT 1 FROM entry WHERE number = ${number} AND drive = ${drive} AND cid <> ${cid ?? ''})`);
    },

    /** Words of a file, separated by spaces. Nothing happens when it is gone or has got other content. */
    async index({ number, drive, cid }: Pick<DueRow, 'number' | 'drive' | 'cid'>, words: string): Promise<void> {
      const own = markWords(words, drive);
      if (dialect === 'sqlite') {
        await tx.run(sql`DELETE FROM content_word WHERE rowid = ${number}`);
        await tx.run(sql`INSERT INTO content_word (rowid, words) SELECT number, ${own} FROM entry
          WHERE number = ${number} AND drive = ${drive} AND cid = ${cid}`);
        return;
      }
      await tx.run(sql`INSERT INTO content_word (drive, number, words)
        SELECT drive, number, array_to_tsvector(string_to_array(${own}, ' ')) FROM entry
        WHERE number = ${number} AND drive = ${drive} AND cid = ${cid}
        ON CONFLICT (drive, number) DO UPDATE SET words = excluded.words`);
    },
  };
};

const tagOf = (drive: string) => drive.slice(24);
const markWords = (words: string, drive: string) => `${tagOf(drive)}${words.replaceAll(' ', ` ${tagOf(drive)}`)}`;

/** Files of one drive whose content holds all words asked for, newest first; also such as are in the trash. */
export const contentRows = (tx: Sql, drive: string, dialect: Database['dialect']) => ({
  candidates({ asked, before, limit }: { asked: readonly Asked[]; before: number; limit: number }): Promise<NumberedRow[]> {
    if (dialect === 'sqlite') {
      const all = asked.map(({ word, prefix }) => `"${tagOf(drive)}${word}"${prefix ? ' *' : ''}`).join(' AND ');
      return tx.all(sql`SELECT entry.number, folded, ${entryColumns} FROM content_word JOIN entry ON entry.number = content_word.rowid
        WHERE content_word MATCH ${all} AND content_word.rowid < ${before} AND entry.drive = ${drive}
        ORDER BY content_word.rowid DESC LIMIT ${limit}`);
    }
    const all = asked.map(({ word, prefix }) => `'${tagOf(drive)}${word}'${prefix ? ':*' : ''}`).join(' & ');
    return tx.all(sql`SELECT entry.number, folded, ${entryColumns} FROM content_word
      JOIN entry ON entry.drive = content_word.drive AND entry.number = content_word.number
      WHERE content_word.drive = ${drive} AND content_word.words @@ CAST(${all} AS TSQUERY) AND content_word.number < ${before}
      ORDER BY content_word.number DESC LIMIT ${limit}`);
  },
});

/** Pictures that programs gave to entries. */
export const pictureRows = (tx: Sql, drive: string) => ({
  get(entry: string): Promise<{ picture: Uint8Array; tag: string } | undefined> {
    return tx.get(sql`SELECT picture, tag FROM entry_picture WHERE entry = ${entry}
      AND EXISTS (SELECT 1 FROM entry WHERE id = ${entry} AND drive = ${drive})`);
  },

  /** The pictures of some entries, whether a program gave them or they were made of the content. */
  among(ids: readonly string[]): Promise<{ id: string; picture: Uint8Array }[]> {
    return tx.all(sql`SELECT entry.id, COALESCE(entry_picture.picture, derivation.picture) AS picture
      FROM entry LEFT JOIN entry_picture ON entry_picture.entry = entry.id LEFT JOIN derivation ON derivation.cid = entry.cid
      WHERE entry.drive = ${drive} AND entry.id IN (${listOf(ids)}) AND COALESCE(entry_picture.picture, derivation.picture) IS NOT NULL
      ORDER BY entry.id LIMIT ${idsAtOnce}`);
  },

  async put(entry: string, { picture, tag }: { picture: Uint8Array; tag: string }): Promise<void> {
    await tx.run(sql`INSERT INTO entry_picture (entry, picture, tag) SELECT id, ${picture}, ${tag} FROM entry WHERE id = ${entry} AND drive = ${drive}
      ON CONFLICT (entry) DO UPDATE SET picture = excluded.picture, tag = excluded.tag`);
  },

  async remove(entry: string): Promise<void> {
    await tx.run(sql`DELETE FROM entry_picture WHERE entry IN (SELECT id FROM entry WHERE id = ${entry} AND drive = ${drive})`);
  },

  /** Whether the content of an entry is still to be looked at, and under which number. */
  async waiting(entry: string): Promise<number | undefined> {
    const row = await tx.get<{ number: number }>(sql`SELECT underived.number FROM entry JOIN underived ON underived.number = entry.number
      AND underived.drive = entry.drive WHERE entry.id = ${entry} AND entry.drive = ${drive}`);
    return row?.number;
  },
});
