import { linkList, shareList, type Link, type Share } from '@freehold/protocol';
import { nothing, type Request } from './request.ts';

export type { Link, Share };

/** As many as one answer holds. */
const pageSize = 500;

export type ReachApi = ReturnType<typeof createReachApi>;

/** What reaches beyond one's own drive: what others gave, and all links of one's own. */
export function createReachApi(request: Request) {
  /** Page after page, until there are no more. */
  const all = async <Page extends { next: string | null }, Item>(
    ask: (query: string) => Promise<Page>,
    itemsOf: (page: Page) => Item[],
  ) => {
    const items: Item[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: Page = await ask(`limit=${pageSize}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`);
      items.push(...itemsOf(page));
      after = page.next;
    }
    return items;
  };
  return {
    sharedWithMe: (): Promise<Share[]> =>
      all(
        (query) => request(shareList, `/api/drive/shared-with-me?${query}`),
        ({ shares }) => shares,
      ),
    giveUp: ({ entry, holder }: Share): Promise<void> =>
      request(nothing, `/api/drive/entries/${encodeURIComponent(entry.id)}/shares/${holder}`, { method: 'DELETE' }),
    links: (): Promise<Link[]> =>
      all(
        (query) => request(linkList, `/api/drive/links?${query}`),
        ({ links }) => links,
      ),
    endLink: (id: string): Promise<void> => request(nothing, `/api/drive/links/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  };
}
