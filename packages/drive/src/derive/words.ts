import { foldText } from '../search/fold.ts';

/** Words of one document that are found, and the length at which a longer one is cut. */
const maximumWords = 10_000;
const maximumLength = 40;

const run = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts without spaces between words begin here; they are taken two characters at a time. */
const segment = /[\u2E80-\u{10FFFF}]+|[^\u2E80-\u{10FFFF}]+/gu;
const isWide = (text: string) => (text.codePointAt(0) ?? 0) >= 0x2e80;

/** The different words of a text, folded. */
export function wordsIn(text: string): string[] {
  const words = new Set<string>();
  for (const [found] of foldText(text).matchAll(run)) {
    for (const [part] of found.matchAll(segment)) for (const word of isWide(part) ? pairs(part) : [cut(part)]) words.add(word);
    if (words.size >= maximumWords) break;
  }
  return [...words].slice(0, maximumWords);
}

export type Asked = { word: string; /** Also words that begin with it. */ prefix: boolean };

/** What a document must hold to answer a question: the beginnings of words, the shortest ones whole. */
export function wordsAsked(text: string): Asked[] {
  const asked = new Map<string, Asked>();
  for (const [found] of foldText(text).matchAll(run))
    for (const [part] of found.matchAll(segment)) {
      const characters = Array.from(part);
      const all = isWide(part) && characters.length > 1 ? pairs(part).slice(0, -1) : [cut(part)];
      for (const word of all) asked.set(word, { word, prefix: isWide(part) ? characters.length === 1 : characters.length > 2 });
    }
  return [...asked.values()].slice(0, 16);
}

/** Each character with the next; the last one alone. */
function pairs(part: string): string[] {
  const characters = Array.from(part);
  return characters.map((character, at) => character + (characters[at + 1] ?? ''));
}

const cut = (word: string) => (word.length <= maximumLength ? word : Array.from(word).slice(0, maximumLength).join(''));
