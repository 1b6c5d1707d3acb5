import { covers, isBelow, type DriveHandle, type WriteLock } from '@freehold/drive';
import type { Entry } from '@freehold/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Arrival } from '../../http/route.ts';
import { DavError } from './error.ts';
import { etagOf, refuseUnlessMatching } from './conditional.ts';
import { holds, parseIf, tokensOf, type StateList } from './if-header.ts';
import { hrefOf, placeAbove, placeOfReference, placeOfUrl, type Place } from './place.ts';

/** One request at one place of the caller's drive. */
export type Visit = {
  files: DriveHandle;
  /** The account that asks: lock tokens work only for the one that took them. */
  principal: string;
  place: Place;
  /** What is there. */
  entry: Entry | undefined;
  headers: IncomingHttpHeaders;
  stream: IncomingMessage;
  arrival: Arrival;
  request: FastifyRequest;
  reply: FastifyReply;
  signal: AbortSignal;
  /** The locks on the drive, and of them the tokens that the request submits. */
  locks: readonly WriteLock[];
  ifLists: readonly StateList[] | undefined;
  submitted: ReadonlySet<string>;
};

export type Arrived = Pick<Visit, 'files' | 'principal' | 'headers' | 'stream' | 'arrival' | 'request' | 'reply' | 'signal'> & {
  url: string;
};

/** Looks up what the request is about and holds its conditions against it. Errors: `dav_invalid`, `dav_precondition`. */
export async function openVisit({ url, ...arrived }: Arrived): Promise<Visit> {
  const { files, headers, principal } = arrived;
  const place = placeOfUrl(url);
  const header = headers['if'];
  const ifLists = typeof header === 'string' ? parseIf(header) : undefined;
  const [entry, locks] = await Promise.all([findEntry(files, place), files.locks.list()]);
  const named = ifLists ? tokensOf(ifLists) : new Set<string>();
  const submitted = new Set(locks.filter((lock) => lock.principal === principal && named.has(lock.token)).map(({ token }) => token));
  const visit: Visit = { ...arrived, place, entry, locks, ifLists, submitted };
  await refuseUnlessIf(visit);
  refuseUnlessMatching(visit);
  return visit;
}

/** The entry at a place; undefined when there is none. */
export async function findEntry(files: DriveHandle, { names }: Place): Promise<Entry | undefined> {
  try {
    return await files.stat(`/${names.join('/')}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'entry_not_found') return undefined;
    throw error;
  }
}

async function refuseUnlessIf({ ifLists, files, place, entry, locks, arrival }: Visit): Promise<void> {
  if (!ifLists) return;
  const stateOf = async (resource: string | undefined) => {
    const target = resource === undefined ? place : placeOfReference(resource, arrival);
    const found = target === place ? entry : target && (await findEntry(files, target));
    const tokens = new Set(target ? locks.filter((lock) => covers(lock, target.path)).map(({ token }) => token) : []);
    return { tokens, etag: found && etagOf(found) };
  };
  if (!(await holds(ifLists, stateOf)))
    throw new DavError('dav_precondition', 'The If header does not hold: the file or its lock is not as it was. Look again.');
}

/** The entry there. Errors: `dav_not_found`. */
export function entryOf({ entry }: Pick<Visit, 'entry'>): Entry {
  if (!entry) throw new DavError('dav_not_found', 'There is no file or folder at this address.');
  return entry;
}

/** The folder above a place, and the name in it. Errors: `dav_method` for the root; `dav_conflict` when there is no such folder. */
export async function spotOf(files: DriveHandle, place: Place): Promise<{ parent: Entry; name: string }> {
  const name = place.names.at(-1);
  if (name === undefined) throw new DavError('dav_method', 'The drive itself cannot be replaced, moved or deleted.');
  const parent = await findEntry(files, placeAbove(place));
  if (parent?.kind !== 'folder') throw new DavError('dav_conflict', 'The folder that it should lie in does not exist. Make it first.');
  return { parent, name };
}

export type Reach = {
  /** Also what is below changes. */
  below?: boolean;
  /** Something appears in the folder above, or goes from it. */
  membership?: boolean;
};

/**
 * Refuses a change that a lock forbids for which no token was submitted; of shared locks on one place, one token is enough
 * (RFC 4918 §7). Errors: `dav_locked` with the addresses of the locks.
 */
export function refuseIfLocked(
  { locks, submitted }: Pick<Visit, 'locks' | 'submitted'>,
  place: Place,
  { below = false, membership = false }: Reach = {},
): void {
  const above = placeAbove(place).path;
  const concerned = locks.filter(
    (lock) =>
      covers(lock, place.path) || (below && isBelow(lock.path, place.path)) || (membership && place.path !== '' && covers(lock, above)),
  );
  const opened = new Set(concerned.filter(({ token }) => submitted.has(token)).map(({ path }) => path));
  const closed = concerned.filter(({ path }) => !opened.has(path));
  if (closed.length === 0) return;
  throw new DavError('dav_locked', 'Another program has locked that. Wait until it is done, or send the token of the lock.', {
    rule: 'lock-token-submitted',
    hrefs: [...new Set(closed.map(({ path }) => hrefOfPath(path)))],
  });
}

/** The address of the place that a lock is on. */
export const hrefOfPath = (path: string): string => hrefOf(path.split('/').slice(1), false);
