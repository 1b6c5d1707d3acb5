import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DriveApi, Found } from '../../api/drive.ts';
import { isAbort, messageOf } from '../../api/error.ts';

export type SearchState = {
  status: 'idle' | 'searching' | 'ready' | 'failed';
  /** What the answers belong to. */
  text: string;
  found: readonly Found[];
  next: string | null;
  problem: string | null;
};
export type Search = {
  store: StoreApi<SearchState>;
  /** Looks for a text after a breath. What was being looked for before is given up. */
  ask(text: string): void;
  /** The next page. */
  more(): void;
  stop(): void;
};

/** Between two letters of somebody who types. */
const breathMs = 180;
const nothingYet: SearchState = { status: 'idle', text: '', found: [], next: null, problem: null };

/** The search for one text at a time. The last answers stay until newer ones are there, so that nothing flickers while one types. */
export function createSearch({ drive, wait = breathMs }: { drive: Pick<DriveApi, 'search'>; wait?: number }): Search {
  const store = createStore<SearchState>(() => nothingYet);
  let running: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    clearTimeout(timer);
    running?.abort();
  };
  /** A page may be empty and have a next: go on until there is something to show. */
  const load = async (text: string, start: string | undefined, before: readonly Found[]) => {
    running?.abort();
    const { signal } = (running = new AbortController());
    try {
      let after = start;
      let entries: Found[];
      do {
        const page = await drive.search(text, { after, signal });
        entries = page.entries;
        after = page.next ?? undefined;
      } while (entries.length === 0 && after !== undefined);
      if (signal.aborted) return;
      store.setState({ status: 'ready', text, found: [...before, ...entries], next: after ?? null, problem: null }, true);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      store.setState({ status: 'failed', text, found: [], next: null, problem: messageOf(error) }, true);
    }
  };
  return {
    store,
    ask(raw) {
      stop();
      const text = raw.trim();
      if (text === '') return store.setState(nothingYet, true);
      store.setState({ status: 'searching' });
      timer = setTimeout(() => void load(text, undefined, []), wait);
    },
    more() {
      const { text, next, found } = store.getState();
      if (next !== null) void load(text, next, found);
    },
    stop,
  };
}
