import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DriveApi, Entry } from '../../api/drive.ts';
import { isAbort, isCode, messageOf } from '../../api/error.ts';
import type { Events, LiveEvent } from '../../api/events.ts';

export type Place = { kind: 'folder'; id: string } | { kind: 'trash' };
export type ListingState = { status: 'loading' | 'ready' | 'gone' | 'failed'; entries: readonly Entry[]; problem: string | null };
export type Listing = {
  store: StoreApi<ListingState>;
  start(): void;
  stop(): void;
  /** Lists again: the node tells only of changes in one's own drive. */
  reload(): void;
  /** Shows an answer of the node at once, without waiting for its event. */
  apply(entry: Entry): void;
  remove(id: string): void;
};

/** Events of one burst are looked at together. */
const gatherMs = 120;
/** From this many changed entries on it is cheaper to list the folder again. */
const manyChanges = 20;
/** While a large folder is still coming in, it is shown again this often. */
const showMs = 400;

/** The entries of one folder, or of the trash, kept true by the node's events. */
export function createListing({ drive, events, place }: { drive: DriveApi; events: Events; place: Place }): Listing {
  const store = createStore<ListingState>(() => ({ status: 'loading', entries: [], problem: null }));
  const known = new Map<string, Entry>();
  const changed = new Set<string>();
  let loading: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe: (() => void) | undefined;

  const show = (status: ListingState['status'] = store.getState().status) =>
    store.setState({ status, entries: [...known.values()], problem: null }, true);
  const belongs = (entry: Entry) =>
    place.kind === 'trash' ? entry.trashedAt !== undefined : entry.parent === place.id && entry.trashedAt === undefined;
  const take = (entry: Entry) => (belongs(entry) ? known.set(entry.id, entry) : known.delete(entry.id));

  const load = async () => {
    loading?.abort();
    const { signal } = (loading = new AbortController());
    try {
      const fresh = new Map<string, Entry>();
      let after: string | undefined;
      let shownAt = -Infinity;
      do {
        const page = await (place.kind === 'trash' ? drive.listTrash({ after, signal }) : drive.list(place.id, { after, signal }));
        for (const entry of page.entries) fresh.set(entry.id, entry);
        after = page.next ?? undefined;
        if (store.getState().status === 'loading' && after !== undefined && performance.now() - shownAt > showMs) {
          shownAt = performance.now();
          store.setState({ entries: [...fresh.values()] });
        }
      } while (after !== undefined);
      known.clear();
      for (const [id, entry] of fresh) known.set(id, entry);
      show('ready');
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      store.setState({ status: isCode(error, 'not_found') ? 'gone' : 'failed', entries: [], problem: messageOf(error) }, true);
    }
  };

  const look = async () => {
    const ids = [...changed];
    changed.clear();
    if (place.kind === 'trash' || ids.length > manyChanges) return load();
    await Promise.all(
      ids.map(async (id) => {
        try {
          take(await drive.entry(id));
        } catch (error) {
          if (isCode(error, 'not_found')) known.delete(id);
        }
      }),
    );
    show();
  };

  const hear = (event: LiveEvent) => {
    if (event.type === 'resumed' && event.gap) return void load();
    if (event.type !== 'drive') return;
    const isOurs =
      place.kind === 'trash' ? ['trashed', 'restored', 'deleted'].includes(event.change) : event.parent === place.id || known.has(event.id);
    if (place.kind === 'folder' && event.id === place.id && ['trashed', 'deleted'].includes(event.change))
      return store.setState({ status: 'gone' });
    if (!isOurs) return;
    changed.add(event.id);
    clearTimeout(timer);
    timer = setTimeout(() => void look(), gatherMs);
  };

  return {
    store,
    start() {
      unsubscribe = events.subscribe(hear);
      void load();
    },
    stop() {
      unsubscribe?.();
      clearTimeout(timer);
      loading?.abort();
    },
    reload: () => void load(),
    apply(entry) {
      take(entry);
      show();
    },
    remove(id) {
      known.delete(id);
      show();
    },
  };
}
