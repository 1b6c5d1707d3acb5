import { DriveError } from '../error.ts';

const largestKey = 1024;

/** A key as it is stored: numbers and truth values as their text. Errors: `key_invalid`, `key_too_large`. */
export function parseKey(key: unknown): string {
  const text = typeof key === 'number' || typeof key === 'boolean' ? String(key) : key;
  if (typeof text !== 'string' || text === '' || !text.isWellFormed() || text.includes('\0')) {
    throw new DriveError('key_invalid', 'A key is a text of at least one character, without NUL and half characters.');
  }
  if (Buffer.byteLength(text) > largestKey) throw new DriveError('key_too_large', `A key may hold at most ${largestKey} bytes.`);
  return text;
}

/** The range of keys that begin with a prefix, in the order of code points: from `from`, below `below` (undefined: to the end). */
export function rangeOf(prefix: string): { from: string; below: string | undefined } {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10ffff) {
      // Surrogates are no characters of their own: they are stepped over.
      const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
      return { from: prefix, below: String.fromCodePoint(...points, next) };
    }
  }
  return { from: prefix, below: undefined };
}
