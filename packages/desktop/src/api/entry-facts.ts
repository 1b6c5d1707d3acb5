import {
  entryList,
  fileVersion,
  link,
  linkList,
  publication,
  publicationList,
  share,
  shareList,
  type FileVersion,
  type Link,
  type Publication,
  type Share,
} from '@freehold/protocol';
import type { Entry } from './drive.ts';
import { nothing, type Request } from './request.ts';

export type { FileVersion, Link, Publication, Share };
export type Right = Share['right'];

const entry = entryList.shape.entries.element;
const versions = { parse: (value: unknown): FileVersion[] => fileVersion.array().parse(Object(value)['versions']) };
const at = (id: string, rest: string) => `/api/drive/entries/${encodeURIComponent(id)}/${rest}`;

export type EntryFactsApi = ReturnType<typeof createEntryFactsApi>;

/** What is known of one entry besides its name and content: what it was, who may use it, where it is published. */
export function createEntryFactsApi(request: Request) {
  return {
    versions: (id: string): Promise<FileVersion[]> => request(versions, at(id, 'versions?limit=200')),
    versionUrl: (id: string, number: number): string => at(id, `versions/${number}/content?download=1`),
    restoreVersion: (id: string, number: number): Promise<Entry> =>
      request(entry, at(id, `versions/${number}/restore`), { method: 'POST' }),
    nameVersion: (id: string, number: number, name: string | null): Promise<FileVersion> =>
      request(fileVersion, at(id, `versions/${number}`), { method: 'PATCH', body: { name } }),
    deleteVersion: (id: string, number: number): Promise<void> => request(nothing, at(id, `versions/${number}`), { method: 'DELETE' }),

    shares: async (id: string): Promise<Share[]> => (await request(shareList, at(id, 'shares'))).shares,
    share: (id: string, holder: string, right: Right): Promise<Share> =>
      request(share, at(id, `shares/${holder}`), { method: 'PUT', body: { right } }),
    unshare: (id: string, holder: string): Promise<void> => request(nothing, at(id, `shares/${holder}`), { method: 'DELETE' }),

    links: async (id: string): Promise<Link[]> => (await request(linkList, at(id, 'links'))).links,
    makeLink: (id: string, options: { label?: string; password?: string; expiresAt?: number }): Promise<Link> =>
      request(link, at(id, 'links'), { method: 'POST', body: options }),
    revokeLink: (id: string): Promise<void> => request(nothing, `/api/drive/links/${encodeURIComponent(id)}`, { method: 'DELETE' }),

    publication: async (id: string): Promise<Publication | undefined> =>
      (await request(publicationList, `/api/drive/publications?entry=${encodeURIComponent(id)}`)).publications[0],
    publish: (id: string): Promise<Publication> => request(publication, '/api/drive/publications', { method: 'POST', body: { entry: id } }),
    unpublish: (id: string): Promise<void> => request(nothing, `/api/drive/publications/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  };
}
