import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { Sql } from '@freehold/database';
import type { Asked } from '../derive/words.ts';
import { derivationRows } from '../store/derivations.ts';

const inflated = promisify(inflate);
const maximumExcerpt = 4 << 20;
const before = 60;
const after = 140;

/** The line around the first word that is found in the kept beginning of a text, by CID. Undefined where it stands further behind. */
export function snippetsOf(tx: Sql, asked: readonly Asked[]): (cid: string) => Promise<string | undefined> {
  const wide = /^[\u2E80-\u{10FFFF}]/u;
  // Words of the question are letters and digits only, so that none of them is an operator.
  const patterns = asked.map(({ word }) => new RegExp(wide.test(word) ? word : `(?<![\\p{L}\\p{N}])${word}`, 'iu'));
  return async (cid) => {
    const packed = (await derivationRows(tx).get(cid))?.excerpt;
    if (!packed) return undefined;
    const text = (await inflated(packed, { maxOutputLength: maximumExcerpt })).toString();
    const places = patterns.map((pattern) => text.search(pattern)).filter((place) => place >= 0);
    return places.length === 0 ? undefined : around(text, Math.min(...places));
  };
}

function around(text: string, place: number): string {
  const start = Math.max(0, place - before);
  const end = Math.min(text.length, place + after);
  // Not in the middle of a word, nor of a character.
  const piece = text.slice(start, end);
  const begun = start > 0 ? piece.replace(/^\S*\s/, '') : piece;
  const trimmed = end < text.length ? begun.replace(/\s\S*$/, '') : begun;
  const line = trimmed
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return `${start > 0 ? '… ' : ''}${line}${end < text.length ? ' …' : ''}`;
}
