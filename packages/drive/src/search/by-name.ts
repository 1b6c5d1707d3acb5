import type { Account, Context, Scene } from '../account.ts';
import { toEntry } from '../entry.ts';
import { DriveError } from '../error.ts';
import { pageSize, type Page } from '../looking.ts';
import { nameRows, type Part } from '../store/names.ts';
import { foldText } from './fold.ts';
import { answers, gramsOf } from './grams.ts';

const maximumWords = 12;
const maximumText = 256;
/** Entries looked at for one page: however unlucky the question, an answer takes no longer. */
const maximumLooks = 1000;

export const wordsOf = (text: string): string[] =>
  [...new Set(foldText(text.slice(0, maximumText)).split(/\s+/).filter(Boolean))].slice(0, maximumWords);

/**
 * Finds entries by their names: those that hold all the words of `text`, whatever their case and accents; first the names that begin with
 * the first word, then the others; the newest first. What is in the trash, or in a folder that is, is not found.
 *
 * A page may hold fewer than `limit`, even none, and still have a `next`: a search stops to answer after looking at so many entries.
 */
export async function searchByName(
  account: Account,
  { database }: Context,
  { text, after, limit }: { text: string; after?: string | undefined; limit?: number | undefined },
): Promise<Page> {
  const words = wordsOf(text);
  const [first] = words;
  if (first === undefined) return { entries: [] };
  const { id: drive } = await account.drive();
  const scene = await account.look();
  const names = nameRows(database.read, drive, database.dialect);
  const question = gramsOf(words);
  const alive = livingFolders(scene);
  const size = pageSize(limit);
  const entries: Page['entries'] = [];
  let { part, before } = parseCursor(after);
  let looks = 0;

  while (looks < maximumLooks) {
    const wanted = Math.min(maximumLooks - looks, size + 1);
    const rows = await names.candidates({ question, words, part, before, limit: wanted });
    for (const row of rows) {
      looks += 1;
      if (answers(row.folded ?? '', words)) {
        const path = row.parent === null ? undefined : await alive(row.parent);
        if (path !== undefined) {
          if (entries.length === size) return { entries, next: `${part}.${before}` };
          entries.push(toEntry(row, `${path}/${row.name}`));
        }
      }
      before = row.number;
    }
    if (rows.length === wanted) continue;
    if (part === 'rest' || question.all.includes(question.first)) return { entries };
    part = 'rest';
    before = Number.MAX_SAFE_INTEGER;
  }
  return { entries, next: `${part}.${before}` };
}

/** The path of a folder without a slash at its end; undefined when it or a folder above is in the trash or deleted. Each is looked at once. */
export function livingFolders({ root, tree }: Scene): (folder: string) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  const look = async (folder: string) => {
    const steps = await tree.steps(folder);
    const isAlive = steps.at(-1)?.id === root && steps.every(({ trashed_at }) => trashed_at === null);
    const path = isAlive ? tree.pathOf(steps) : undefined;
    return path === '/' ? '' : path;
  };
  return (folder) => {
    const path = known.get(folder) ?? look(folder);
    known.set(folder, path);
    return path;
  };
}

function parseCursor(after: string | undefined): { part: Part; before: number } {
  if (after === undefined) return { part: 'first', before: Number.MAX_SAFE_INTEGER };
  const [, part, before] = /^(first|rest)\.(\d{1,16})$/.exec(after) ?? [];
  if ((part !== 'first' && part !== 'rest') || before === undefined)
    throw new DriveError('cursor_invalid', 'The place to go on from is not one that this node gave. Start from the first page.');
  return { part, before: Number(before) };
}
