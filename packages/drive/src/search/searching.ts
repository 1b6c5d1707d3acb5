import type { Found } from '@freehold/protocol';
import type { Account, Context, Scene } from '../account.ts';
import { wordsAsked } from '../derive/words.ts';
import { toEntry } from '../entry.ts';
import { DriveError } from '../error.ts';
import { pageSize } from '../looking.ts';
import { contentRows } from '../store/derivations.ts';
import { nameRows, type NumberedRow } from '../store/names.ts';
import { foldText } from './fold.ts';
import { answers, gramsOf } from './grams.ts';
import { snippetsOf } from './snippet.ts';

export type SearchOptions = {
  text: string;
  /** Where to look; everywhere when not given. */
  in?: 'names' | 'content' | 'everything' | undefined;
  after?: string | undefined;
  limit?: number | undefined;
};
export type FoundPage = { entries: Found[]; /** Hand back as `after` for what follows; absent on the last page. */ next?: string };

const maximumWords = 12;
const maximumText = 256;
/** Entries looked at for one page: however unlucky the question, an answer takes no longer. */
const maximumLooks = 1000;

/** The parts of an answer, one after another: names that begin with the first word, other names, content. */
const parts = { names: ['first', 'rest'], content: ['content'], everything: ['first', 'rest', 'content'] } as const;
type Part = (typeof parts)['everything'][number];

export const wordsOf = (text: string): string[] =>
  [...new Set(foldText(text.slice(0, maximumText)).split(/\s+/).filter(Boolean))].slice(0, maximumWords);

export const searchingIn = (account: Account, { database }: Context) => ({
  /**
   * Finds entries that hold all the words of `text` in their names (parts of words, whatever case and accents), then files that hold them
   * in their content (words that begin so); the newest first. What is in the trash, or in a folder that is, is not found.
   *
   * A page may hold fewer than `limit`, even none, and still have a `next`: a search stops to answer after looking at so many entries.
   */
  async search({ text, in: where = 'everything', after, limit }: SearchOptions): Promise<FoundPage> {
    const words = wordsOf(text);
    const asked = wordsAsked(text.slice(0, maximumText));
    const { id: drive } = await account.drive();
    const scene = await account.look();
    const names = nameRows(database.read, drive, database.dialect);
    const contents = contentRows(database.read, drive, database.dialect);
    const question = gramsOf(words);
    const isAlive = livingFolders(scene);
    const size = pageSize(limit);
    const found: (Found & { isContent: boolean })[] = [];
    const steps: readonly Part[] = parts[where];
    let { part, before } = parseCursor(after, steps);
    let looks = 0;
    if (words.length === 0) return { entries: [] };

    /** Whether there may be anything in a part that the parts before it have not given. */
    const isUseful = (one: Part) => (one === 'rest' ? !question.all.includes(question.first) : one === 'first' || asked.length > 0);
    const candidates = (limit: number): Promise<NumberedRow[]> =>
      part === 'content' ? contents.candidates({ asked, before, limit }) : names.candidates({ question, words, part, before, limit });
    const isAnswer = (row: NumberedRow) => answers(row.folded ?? '', words) === (part !== 'content');

    while (looks < maximumLooks) {
      const wanted = Math.min(maximumLooks - looks, size + 1);
      const rows = isUseful(part) ? await candidates(wanted) : [];
      for (const row of rows) {
        looks += 1;
        const isWanted = row.trashed_at === null && ((part === 'content' && where === 'content') || isAnswer(row));
        const path = isWanted && row.parent !== null ? await isAlive(row.parent) : undefined;
        if (path !== undefined) {
          if (found.length === size) return finish(`${part}.${before}`);
          found.push({ ...toEntry(row, `${path}/${row.name}`), isContent: part === 'content' });
        }
        before = row.number;
      }
      if (rows.length === wanted) continue;
      const next = steps[steps.indexOf(part) + 1];
      if (next === undefined) return finish();
      part = next;
      before = Number.MAX_SAFE_INTEGER;
    }
    return finish(`${part}.${before}`);

    async function finish(next?: string): Promise<FoundPage> {
      const snippets = snippetsOf(database.read, asked);
      const entries: Found[] = [];
      for (const { isContent, ...entry } of found) {
        const snippet = isContent && entry.cid ? await snippets(entry.cid) : undefined;
        entries.push({ ...entry, ...(snippet && { snippet }) });
      }
      return { entries, ...(next && { next }) };
    }
  },
});

/** The path of a folder without a slash at its end; undefined when it or a folder above is in the trash or deleted. Each is looked at once. */
function livingFolders({ root, tree }: Scene): (folder: string) => Promise<string | undefined> {
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

function parseCursor(after: string | undefined, steps: readonly Part[]): { part: Part; before: number } {
  const [, name, before] = after === undefined ? ['', steps[0], Number.MAX_SAFE_INTEGER] : (/^([a-z]+)\.(\d{1,16})$/.exec(after) ?? []);
  const part = steps.find((step) => step === name);
  if (part === undefined || before === undefined)
    throw new DriveError('cursor_invalid', 'The place to go on from is not one that this node gave. Start from the first page.');
  return { part, before: Number(before) };
}
