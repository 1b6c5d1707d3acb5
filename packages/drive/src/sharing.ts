import type { Entry } from '@freehold/protocol';
import type { Context } from './account.ts';
import { cursorOf, parseCursor } from './cursor.ts';
import { DriveError, notFound } from './error.ts';
import { pageSize } from './looking.ts';
import type { Place, Target } from './reach.ts';
import { includes, type Right } from './right.ts';
import { shareRows, type ShareRow } from './store/shares.ts';

/** One account may do something with an entry of another's drive. */
export type Share = { id: string; owner: string; holder: string; right: Right; entry: Entry; createdAt: number };
export type SharePage = { shares: Share[]; /** Hand back as `after`; absent on the last page. */ next?: string };
type PageOptions = { after?: string | undefined; limit?: number | undefined };

type Find = (target: Target, needed: Right) => Promise<Place<unknown>>;
const most = 1000;
const oldestFirst = { at: 0, id: '' };

/** Giving others a part of one's drive, by who may `manage` it. Nobody gives more than it has. */
export function sharingAs(
  {
    account,
    isInPerson,
    find,
    driveOf,
  }: {
    account: string;
    /** False for an app, which cannot give up what its account was given. */
    isInPerson: boolean;
    find: Find;
    driveOf: (owner: string) => Promise<string>;
  },
  { database, newId, now }: Pick<Context, 'database' | 'newId' | 'now'>,
) {
  const toShare = ({ id, owner, holder, access, created_at }: ShareRow, entry: Entry): Share => ({
    id,
    owner,
    holder,
    right: access,
    entry,
    createdAt: created_at,
  });

  /** The shares whose entries the actor still sees: what lies in the trash is not told of. */
  async function pageOf(rows: ShareRow[], size: number): Promise<SharePage> {
    const shares: Share[] = [];
    for (const row of rows.slice(0, size)) {
      const place = await find({ id: row.entry }, 'see').catch(() => undefined);
      if (place && place.entry.trashedAt === undefined) shares.push(toShare(row, place.entry));
    }
    const last = rows.length > size ? rows[size - 1] : undefined;
    return { shares, ...(last && { next: cursorOf(last.created_at, last.id) }) };
  }

  return {
    /** Gives a right, or changes the one given before. Errors: `share_invalid` with its owner, `entry_not_found`, `access_denied`. */
    async share(target: Target, { holder, right }: { holder: string; right: Right }): Promise<Share> {
      const { entry, owner, right: own } = await find(target, 'manage');
      if (holder === owner)
        throw new DriveError('share_invalid', "This is in that account's own drive already. Choose another account to share it with.");
      if (!includes(own, right)) throw new DriveError('access_denied', `You cannot give more than your own right, ${own}.`);
      const drive = await driveOf(owner);
      const row = await database.transaction(async (tx) => {
        await shareRows(tx).put({ id: newId(), drive, entry: entry.id, holder, access: right, created_at: now() });
        return shareRows(tx).find(entry.id, holder);
      });
      if (!row) throw notFound();
      return toShare(row, entry);
    },

    /** Takes a right back; the holder may also give it up itself. False when there was none. */
    async unshare(target: Target, holder: string): Promise<boolean> {
      const { entry } = await find(target, holder === account && isInPerson ? 'see' : 'manage');
      return database.transaction((tx) => shareRows(tx).remove(entry.id, holder));
    },

    /** Who was given what of an entry. */
    async sharesOf(target: Target): Promise<Share[]> {
      const { entry } = await find(target, 'manage');
      return (await shareRows(database.read).of(entry.id, most)).map((row) => toShare(row, entry));
    },

    /** Which of these entries of one drive others were given; for who has found them with the right to `manage`. */
    async sharedAmong(owner: string, entries: readonly string[]): Promise<ReadonlySet<string>> {
      const rows = shareRows(database.read);
      // Most drives share nothing, and a folder may be long.
      return (await rows.isAnyIn(await driveOf(owner))) ? rows.among(entries) : new Set();
    },

    /** What others gave the account. */
    async sharedWithMe({ after, limit }: PageOptions = {}): Promise<SharePage> {
      const size = pageSize(limit);
      return pageOf(await shareRows(database.read).heldBy(account, after === undefined ? oldestFirst : parseCursor(after), size + 1), size);
    },

    /** How many others gave the account, what lies in their trash included. */
    countSharedWithMe: (): Promise<number> => shareRows(database.read).countHeldBy(account),

    countSharedByMe: async (): Promise<number> => shareRows(database.read).countGivenIn(await driveOf(account)),

    /** What the account gave of its own drive. */
    async sharedByMe({ after, limit }: PageOptions = {}): Promise<SharePage> {
      const size = pageSize(limit);
      const from = after === undefined ? oldestFirst : parseCursor(after);
      return pageOf(await shareRows(database.read).givenIn(await driveOf(account), from, size + 1), size);
    },
  };
}
