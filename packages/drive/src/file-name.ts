import { DriveError } from './error.ts';

const maximumBytes = 255;

/** Joiners that spelling needs: between letters of the scripts that use them, and the signs inside an emoji. */
const joiningScripts = [
  'Arab',
  'Syrc',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
  'Khmr',
  'Mymr',
];
const letter = `[${joiningScripts.map((script) => `\\p{Script=${script}}`).join('')}\\p{M}]`;
const joiner = new RegExp(`(?<=${letter})[\\u200C\\u200D](?=${letter})`, 'gv');
const emoji = /\p{RGI_Emoji}/gv;

/** Everything that draws nothing: zero-width characters, direction overrides, fillers, tags. */
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/v;
const control = /[\p{Cc}\u2028\u2029]/v;

/** Refuses a name that another system could not keep, or that a person could mistake for another. Throws `name_invalid`. */
export function checkFileName(name: string): void {
  const problem = problemOf(name);
  if (problem) throw new DriveError('name_invalid', problem);
}

function problemOf(name: string): string | undefined {
  if (name.trim() === '') return 'A name is needed: give it at least one visible character.';
  if (name === '.' || name === '..') return `"${name}" means a folder by itself and cannot be a name. Choose another.`;
  if (!name.isWellFormed()) return 'The name holds a broken character (half of a surrogate pair). Type it again.';
  if (name.includes('/')) return 'A name cannot hold a slash. To put it in a folder, make the folder first.';
  if (control.test(name)) return 'The name holds a control character, such as a line break or a tab. Remove it.';
  if (invisible.test(name.replace(emoji, '').replace(joiner, '')))
    return 'The name holds an invisible character (zero width, or one that reverses the writing direction), which could disguise it as another. Type the name again by hand.';
  const bytes = Buffer.byteLength(name);
  if (bytes > maximumBytes) return `The name is ${bytes} bytes long; at most ${maximumBytes} are possible. Shorten it.`;
  return undefined;
}

/** Names collide when their keys are equal: "é" as one character or as e with an accent is one name. */
export const nameKey = (name: string): string => name.normalize('NFC');

/** "report.pdf", 2 → "report (2).pdf"; the stem is cut, at a whole character, where the result would be too long. */
export function numberedName(name: string, number: number, kind: 'file' | 'folder'): string {
  const dot = kind === 'file' ? name.lastIndexOf('.') : -1;
  const ending = ` (${number})${dot > 0 ? name.slice(dot) : ''}`;
  const stem = [...segmenter.segment(dot > 0 ? name.slice(0, dot) : name)].map(({ segment }) => segment);
  while (stem.length > 1 && Buffer.byteLength(stem.join('')) + Buffer.byteLength(ending) > maximumBytes) stem.pop();
  return stem.join('') + ending;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
