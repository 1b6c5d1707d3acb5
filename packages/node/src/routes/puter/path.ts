import { idOfUid } from '../../http/uid.ts';
import { toAddress } from '@freehold/protocol';
import { PuterError } from './error.ts';

/** What a text that names a file means. */
export type Named = { kind: 'uid'; id: string } | { kind: 'root' } | { kind: 'path'; owner: string; names: string[] };

const longest = 32_768;

/**
 * Reads a path as Puter has it: `/<wallet address>/…` with the address in any letter case, `~/…` for one's own home, or a UUID. What
 * does not begin with a slash is meant from home. `.` and `..` are resolved here, and lead nowhere above `/`. Errors: `field_invalid`.
 */
export function parsePath(text: string, { home, field = 'path' }: { home: string; field?: string }): Named {
  const id = idOfUid(text);
  if (id !== undefined) return { kind: 'uid', id };
  if (text.length > longest || text.includes('\0') || !text.isWellFormed())
    throw new PuterError('field_invalid', `${field}: a path has at most ${longest} characters, and no NUL among them.`, { field });
  const names = namesOf(text.startsWith('/') ? text : `${home}/${text.replace(/^~(?=\/|$)/, '')}`);
  const [first, ...rest] = names;
  return first === undefined ? { kind: 'root' } : { kind: 'path', owner: ownerOf(first, home), names: rest };
}

/** The names in a relative or absolute path. */
export function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names;
}

/** The usual case, one's own home, needs no hashing. */
function ownerOf(name: string, home: string): string {
  if (name === home || name.toLowerCase() === home.toLowerCase()) return home;
  return /^0x[0-9a-fA-F]{40}$/.test(name) ? toAddress(name) : name;
}
