import type { ChangePage } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { toChange } from './entry.ts';

const pageOfChanges = 500;

/** The change feed of a drive, from its table: who asks with the `next` of the last answer misses nothing. */
export function following(account: Account, { feed, log, closing }: Context) {
  /** The number of the newest change, 0 when there is none: what to follow from after a listing. Ask before listing. */
  const latest = async (): Promise<number> => (await account.look()).store.changes.latest();

  async function changes(since: number, limit = pageOfChanges): Promise<ChangePage> {
    const { store } = await account.look();
    // The newest number first: a change committed between the two reads must not look like a gap.
    const newest = await store.changes.latest();
    const rows = await store.changes.since(since, Math.max(1, Math.min(pageOfChanges, limit)));
    const expected = rows[0] ? rows[0].seq === since + 1 : newest === since;
    if (!expected) return { changes: [], next: newest, reset: true };
    return { changes: rows.map(toChange), next: rows.at(-1)?.seq ?? since, reset: false };
  }

  /** Pages of changes as they are committed, from behind `since` (from now on when not given), until the signal or the stop of the node. */
  async function* events({ since, signal }: { since?: number | undefined; signal: AbortSignal }): AsyncGenerator<ChangePage> {
    const { id } = await account.drive();
    let seen = since ?? (await latest());
    const stop = AbortSignal.any([signal, closing]);
    while (!stop.aborted) {
      const watch = feed.watch(id, stop);
      try {
        const page = await changes(seen);
        seen = page.next;
        if (page.changes.length > 0 || page.reset) yield page;
        else await watch.woken;
      } finally {
        watch.end();
      }
    }
  }

  return {
    changes,
    events,
    latest,

    /** When the drive was last changed, in milliseconds; 0 when it never was. */
    changedAt: async (): Promise<number> => (await account.look()).store.changes.latestAt(),

    /** Calls the listener with each page of `events`, one after another. */
    subscribe(listener: (page: ChangePage) => void | Promise<void>, { since }: { since?: number } = {}): () => void {
      const ended = new AbortController();
      const follow = async () => {
        for await (const page of events({ since, signal: ended.signal })) await listener(page);
      };
      follow().catch((error: unknown) => log('drive.subscription_failed', { message: String(error) }));
      return () => ended.abort();
    },
  };
}
