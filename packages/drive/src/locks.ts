import { randomUUID } from 'node:crypto';
import type { Account, Context } from './account.ts';
import { DriveError } from './error.ts';
import { nameKey } from './file-name.ts';
import type { Store } from './store.ts';
import type { LockRow } from './store/locks.ts';

const second = 1000;
const standardTimeout = 10 * 60 * second;
/** A client that is still there asks again in time; one that is gone must not lock the others out for long. */
const longestTimeout = 60 * 60 * second;
/** Locks on one drive at a time. */
const maximumCount = 500;

/** A write lock of RFC 4918 §6: a promise between programs that ask for it. It is on a place, whether or not something is there. */
export type WriteLock = {
  token: string;
  /** As `pathKey` gives it. */
  path: string;
  /** With everything below. */
  infinite: boolean;
  exclusive: boolean;
  /** What the client says about its user, as it came. */
  owner: string;
  /** The account that may use the token. */
  principal: string;
  timeout: number;
  expiresAt: number;
};

export type TakeLockOptions = Pick<WriteLock, 'infinite' | 'exclusive' | 'owner' | 'principal'> & {
  /** Names from the root. */
  names: readonly string[];
  /** Milliseconds asked for. */
  timeout?: number | undefined;
};

/** The place that names from the root lead to, "" for the root: equal for equal places, and a prefix (with a slash) of what is below. */
export const pathKey = (names: readonly string[]): string => names.map((name) => `/${nameKey(name)}`).join('');

export const isBelow = (path: string, above: string): boolean => path.startsWith(`${above}/`);

/** Whether a lock forbids others to change what is at the place. */
export const covers = ({ path, infinite }: Pick<WriteLock, 'path' | 'infinite'>, place: string): boolean =>
  path === place || (infinite && isBelow(place, path));

/** All on a drive that have not run out, in the order of their paths. */
export const locksOn = async ({ locks }: Pick<Store, 'locks'>, now: number): Promise<WriteLock[]> =>
  (await locks.alive(now, maximumCount)).map(toLock);

export function locksOf(account: Account, { now }: Context) {
  const granted = (asked = standardTimeout) => {
    const timeout = Math.max(second, Math.min(longestTimeout, asked));
    return { timeout, expires_at: now() + timeout };
  };

  return {
    list: async (): Promise<WriteLock[]> => locksOn((await account.look()).store, now()),

    /** Errors: `lock_conflict` (with the path of the lock in the way in its details), `too_many_locks`. */
    take({ names, infinite, exclusive, owner, principal, timeout }: TakeLockOptions): Promise<WriteLock> {
      const path = pathKey(names);
      return account.change(async ({ store }) => {
        const { locks } = store;
        await locks.hold();
        await locks.removeExpired(now());
        const others = await locksOn(store, now());
        const inTheWay = others.find(
          (other) => (exclusive || other.exclusive) && (covers(other, path) || (infinite && isBelow(other.path, path))),
        );
        if (inTheWay)
          throw new DriveError('lock_conflict', 'Another program has locked that. Wait until it is done.', {
            details: { path: inTheWay.path },
          });
        if (others.length >= maximumCount)
          throw new DriveError(
            'too_many_locks',
            `There are ${maximumCount} locks on this drive. Release some, or wait until they run out.`,
          );
        const row: LockRow = {
          token: `urn:uuid:${randomUUID()}`,
          path,
          infinite: infinite ? 1 : 0,
          exclusive: exclusive ? 1 : 0,
          owner,
          principal,
          ...granted(timeout),
        };
        await locks.insert(row);
        return toLock(row);
      });
    },

    /** A lock that is there begins to count anew; undefined when there is none with that token. */
    refresh({ token, timeout }: { token: string; timeout?: number | undefined }): Promise<WriteLock | undefined> {
      return account.change(async ({ store: { locks } }) => {
        const row = await locks.get(token, now());
        if (!row) return undefined;
        const time = granted(timeout);
        await locks.prolong(token, time);
        return toLock({ ...row, ...time });
      });
    },

    async release(token: string): Promise<void> {
      await account.change(({ store }) => store.locks.remove(token));
    },

    /** What was at the place is gone: so are the locks on it and on everything below. */
    async releaseBelow(path: string): Promise<void> {
      await account.change(({ store }) => store.locks.removeBelow(path));
    },
  };
}

const toLock = ({ infinite, exclusive, expires_at, ...row }: LockRow): WriteLock => ({
  ...row,
  infinite: infinite === 1,
  exclusive: exclusive === 1,
  expiresAt: expires_at,
});
