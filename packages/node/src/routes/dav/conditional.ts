import type { IncomingHttpHeaders } from 'node:http';
import type { Entry } from '@freehold/protocol';
import { DavError } from './error.ts';

/** Equal content, equal tag. A folder has none. */
export const etagOf = ({ cid }: Pick<Entry, 'cid'>): string | undefined => cid && `"${cid}"`;

const seconds = (time: number) => Math.floor(time / 1000) * 1000;

/** The conditions of RFC 9110 §13 on a change, or on whether a reader's copy is still the one meant. Errors: `dav_precondition`. */
export function refuseUnlessMatching({
  entry,
  headers,
  stream,
}: {
  entry: Entry | undefined;
  headers: IncomingHttpHeaders;
  stream: { method?: string | undefined };
}): void {
  const isReading = stream.method === 'GET' || stream.method === 'HEAD';
  const refuse = (header: string) => {
    throw new DavError('dav_precondition', `The file is not as the header ${header} asks. Look again before you change it.`);
  };
  const { 'if-match': match, 'if-none-match': noneMatch, 'if-unmodified-since': unmodified } = headers;
  if (match !== undefined) {
    if (!matches(match, entry)) refuse('If-Match');
  } else if (unmodified !== undefined && entry && seconds(entry.modifiedAt) > Date.parse(unmodified)) refuse('If-Unmodified-Since');
  if (!isReading && noneMatch !== undefined && matches(noneMatch, entry)) refuse('If-None-Match');
}

/** Whether the reader, which knows no tag, has what it asks for since a time. */
export const isOldNews = ({ entry, headers }: { entry: Entry; headers: IncomingHttpHeaders }): boolean =>
  headers['if-none-match'] === undefined && seconds(entry.modifiedAt) <= Date.parse(headers['if-modified-since'] ?? '');

function matches(header: string, entry: Entry | undefined): boolean {
  if (header.trim() === '*') return entry !== undefined;
  const etag = entry && etagOf(entry);
  return etag !== undefined && header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
