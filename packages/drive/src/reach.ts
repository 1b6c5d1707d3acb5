import type { Entry } from '@freehold/protocol';
import type { Account, Context } from './account.ts';
import { toEntry } from './entry.ts';
import { DriveError, notFound } from './error.ts';
import { nameKey } from './file-name.ts';
import { greater, includes, lesser, type Right } from './right.ts';
import { driveRows } from './store/drives.ts';
import type { EntryRow } from './store/entries.ts';
import { shareRows } from './store/shares.ts';

/** The folder below which every app has one of its own. */
export const appFolder = 'AppData';

/** Who acts: an account in person, or an app or token acting for it within what it was given. */
export type Actor = {
  account: string;
  delegate?: {
    /** The app whose own folder `AppData/<app>` it may use; none for a bare token. */
    app: string | undefined;
    grants: readonly { entry: string; right: Right }[];
  };
};

/** An entry, the drive it is in, and what the actor may do with it. */
export type Place<Handle> = {
  /** Account that the drive belongs to. */
  owner: string;
  drive: Handle;
  /** With its path inside the drive. */
  entry: Entry;
  /** `/<owner>/…`, as Puter has paths. */
  path: string;
  right: Right;
  /** Of what is in the trash: the entry that was put there, and the way of names from it down to this one. */
  trashed?: { top: string; way: string[] } | undefined;
};

/** By id, or by a path that begins with the account that owns the drive. */
export type Target = { id: string } | { path: string };

/**
 * What one actor reaches: its own drive, and what others shared with it. What it may not see is `entry_not_found`, whether or not
 * it exists; what it may see but not use in the way asked for is `access_denied`.
 */
export function reachOf<Handle>(
  actor: Actor,
  {
    database,
    accountOf,
    handleOf,
  }: Pick<Context, 'database'> & { accountOf: (name: string) => Account; handleOf: (name: string) => Handle },
) {
  const { account, delegate } = actor;

  async function locate(target: Target): Promise<{ owner: string; row: EntryRow }> {
    if ('path' in target) {
      const [owner = '', ...names] = target.path.split('/').filter(Boolean);
      const isKnown = owner === account || (await driveRows(database.read).find(owner)) !== undefined;
      if (!isKnown) throw notFound();
      const { root, store } = await accountOf(owner).look();
      const row = names.length === 0 ? await store.entries.get(root) : await store.entries.resolve(root, names.map(nameKey));
      if (!row) throw notFound();
      return { owner, row };
    }
    const own = await (await accountOf(account).look()).store.entries.get(target.id);
    if (own) return { owner: account, row: own };
    const owner = await driveRows(database.read).ownerOf(target.id);
    const row = owner === undefined ? undefined : await (await accountOf(owner).look()).store.entries.get(target.id);
    if (owner === undefined || !row) throw notFound();
    return { owner, row };
  }

  /** The right on an entry whose way up to the root is `ids`, itself first. */
  async function rightOn(owner: string, ids: readonly string[]): Promise<Right | undefined> {
    const { id: drive } = await accountOf(owner).drive();
    const strongest = (held: readonly { entry: string; right: Right }[]) =>
      held.filter(({ entry }) => ids.includes(entry)).reduce<Right | undefined>((best, { right }) => greater(best, right), undefined);
    const shared = owner === account ? [] : await shareRows(database.read).heldIn(drive, account);
    const ofAccount = owner === account ? 'manage' : strongest(shared.map(({ entry, access }) => ({ entry, right: access })));
    if (!delegate) return ofAccount;
    const home = owner === account ? await homeOf(delegate.app) : undefined;
    return lesser(ofAccount, greater(strongest(delegate.grants), home !== undefined && ids.includes(home) ? 'write' : undefined));
  }

  async function homeOf(app: string | undefined): Promise<string | undefined> {
    if (app === undefined) return undefined;
    const { root, store } = await accountOf(account).look();
    return (await store.entries.resolve(root, [appFolder, nameKey(app)]))?.id;
  }

  /** The way up from an entry, and the right that the actor has on it. The trash is for the owner in person. */
  async function lookAt({ owner, row }: { owner: string; row: EntryRow }) {
    const { root, tree } = await accountOf(owner).look();
    const steps = await tree.steps(row.id);
    const isLive = steps.at(-1)?.id === root && steps.every(({ trashed_at }) => trashed_at === null);
    const isHidden = !isLive && (owner !== account || delegate !== undefined);
    const ids = steps.map(({ id }) => id);
    const top = isLive ? undefined : steps.findLast(({ trashed_at }) => trashed_at !== null);
    return {
      path: tree.pathOf(steps),
      right: isHidden ? undefined : await rightOn(owner, ids),
      trashed: top && {
        top: top.id,
        way: steps
          .slice(0, steps.indexOf(top))
          .map(({ name }) => name)
          .reverse(),
      },
    };
  }

  /** The entry at a path or with an id, if the actor may do `needed` with it. Errors: `entry_not_found`, `access_denied`. */
  async function find(target: Target, needed: Right): Promise<Place<Handle>> {
    const { owner, row } = await locate(target);
    const { path, right, trashed } = await lookAt({ owner, row });
    if (right === undefined) throw notFound();
    if (!includes(right, needed))
      throw new DriveError('access_denied', `You may ${right} "${row.name}", but not ${needed} it. Ask its owner for more.`);
    // The folder above something in the trash may be gone; then only its name is known.
    const inDrive = path ?? `/${row.name}`;
    return { owner, drive: handleOf(owner), entry: toEntry(row, path), path: `/${owner}${inDrive === '/' ? '' : inDrive}`, right, trashed };
  }

  return {
    actor,

    find,

    /** The drives that the actor sees as a whole: its own, and those that were shared so. */
    async homes(): Promise<Place<Handle>[]> {
      const owners = [account, ...(await shareRows(database.read).wholeDrives(account))];
      const places: Place<Handle>[] = [];
      for (const owner of owners) {
        const { root } = await accountOf(owner).look();
        const place = await find({ id: root }, 'see').catch(ignoreMissing);
        if (place) places.push(place);
      }
      return places;
    },

    /** Whether the actor sees an entry at all: for events, which tell nobody of what it cannot see. */
    async sees(id: string): Promise<boolean> {
      const found = await locate({ id }).catch(() => undefined);
      return found !== undefined && (await lookAt(found)).right !== undefined;
    },
  };
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof DriveError) || error.code !== 'entry_not_found') throw error;
}
