import { covers, type WriteLock } from '@freehold/drive';
import type { Entry } from '@freehold/protocol';
import { etagOf } from './conditional.ts';
import { hrefOfPath } from './visit.ts';
import { escapeXml } from './xml.ts';

/** What a live property is computed from. */
export type Subject = { entry: Entry; path: string; locks: readonly WriteLock[]; usage: () => Promise<{ used: number; quota: number }> };
type Compute = (subject: Subject) => string | undefined | Promise<string | undefined>;

const onlyFiles =
  (compute: (entry: Entry) => string | undefined): Compute =>
  ({ entry }) =>
    entry.kind === 'file' ? compute(entry) : undefined;

/**
 * The properties in the namespace `DAV:` that the node computes; clients cannot set them. Undefined where an entry has none.
 * RFC 4918 §15, and of RFC 4331 the quota.
 */
export const liveProperties: ReadonlyMap<string, Compute> = new Map<string, Compute>([
  ['creationdate', ({ entry }) => new Date(entry.createdAt).toISOString()],
  ['displayname', ({ entry }) => escapeXml(entry.name)],
  ['getcontentlength', onlyFiles(({ size }) => String(size))],
  ['getcontenttype', onlyFiles(({ mediaType }) => escapeXml(mediaType ?? 'application/octet-stream'))],
  ['getetag', onlyFiles((entry) => escapeXml(etagOf(entry) ?? ''))],
  ['getlastmodified', ({ entry }) => new Date(entry.modifiedAt).toUTCString()],
  ['lockdiscovery', ({ locks, path }) => lockdiscovery(locks.filter((lock) => covers(lock, path)))],
  ['resourcetype', ({ entry }) => (entry.kind === 'folder' ? '<D:collection/>' : '')],
  [
    'supportedlock',
    () =>
      ['exclusive', 'shared']
        .map((scope) => `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`)
        .join(''),
  ],
  [
    'quota-available-bytes',
    async ({ entry, usage }) => {
      if (entry.kind === 'file') return undefined;
      const { used, quota } = await usage();
      return String(Math.max(0, quota - used));
    },
  ],
  ['quota-used-bytes', async ({ entry, usage }) => (entry.kind === 'file' ? undefined : String((await usage()).used))],
]);

/** Not told unless asked for by name (RFC 4331 §3). */
export const onRequest: ReadonlySet<string> = new Set(['quota-available-bytes', 'quota-used-bytes']);

export const lockdiscovery = (locks: readonly WriteLock[]): string => locks.map(activeLock).join('');

const activeLock = ({ token, path, infinite, exclusive, owner, timeout }: WriteLock): string =>
  [
    '<D:activelock><D:locktype><D:write/></D:locktype>',
    `<D:lockscope><D:${exclusive ? 'exclusive' : 'shared'}/></D:lockscope>`,
    `<D:depth>${infinite ? 'infinity' : '0'}</D:depth>`,
    owner,
    `<D:timeout>Second-${Math.round(timeout / 1000)}</D:timeout>`,
    `<D:locktoken><D:href>${token}</D:href></D:locktoken>`,
    `<D:lockroot><D:href>${escapeXml(hrefOfPath(path))}</D:href></D:lockroot></D:activelock>`,
  ].join('');
