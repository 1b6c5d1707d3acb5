import { appFolder, DriveError, includes, type Drive, type DriveHandle, type Place, type Right } from '@freehold/drive';
import { FreeholdError, type Entry } from '@freehold/protocol';
import { actorOf } from '../../http/actor.ts';
import type { Caller } from '../../http/route.ts';
import { idOfUid, uidOfId } from '../../http/uid.ts';
import type { Shown } from './entry.ts';
import { fieldRequired, PuterError, renaming } from './error.ts';
import { parsePath } from './path.ts';

export type FilePlace = Place<DriveHandle>;

/** What a path or uid leads to. `/` and the trash are no entries of a drive, but Puter's clients treat them as folders. */
export type Found =
  | { kind: 'entry'; place: FilePlace }
  | { kind: 'root' }
  /** The trash of the caller. Its uid is the id of the drive. */
  | { kind: 'trash'; owner: string; drive: DriveHandle; id: string; home: string };

export type Subject = { path?: string | null | undefined; uid?: string | null | undefined };
export type Reach = ReturnType<typeof openReach>;

export const trashName = 'Trash';
const rootId = '0'.repeat(32);

/** What one caller of Puter's API reaches, by Puter's paths and uids, and how it looks to it. */
export function openReach(drive: Drive, caller: Pick<Caller, 'account' | 'delegate'>) {
  const { address: home } = caller.account;
  const reach = drive.as(actorOf(caller));
  const inPerson = caller.delegate === undefined;
  const ownApp = caller.delegate?.kind === 'app' ? caller.delegate.app : undefined;

  const trash = async (): Promise<Extract<Found, { kind: 'trash' }>> => {
    const own = drive.of(home);
    return { kind: 'trash', owner: home, drive: own, id: await own.id(), home: (await own.root()).id };
  };

  async function findId(id: string, right: Right): Promise<Found> {
    if (id === rootId) return { kind: 'root' };
    try {
      return { kind: 'entry', place: await reach.find({ id }, right) };
    } catch (error) {
      if (isMissing(error) && inPerson && id === (await drive.of(home).id())) return trash();
      throw error;
    }
  }

  /** Down from what was shared, by names: `/<owner>/<uid>/<name>/…` tells nothing of where in the owner's drive it lies. */
  async function findShared([uid = '', name, ...names]: readonly string[], right: Right): Promise<Found> {
    const place = await reach.find({ id: idOfUid(uid) ?? '' }, right);
    if (place.entry.name !== name) throw missing();
    return findBelow(place, names, right);
  }

  async function findBelow(from: FilePlace, names: readonly string[], right: Right): Promise<Found> {
    let place = from;
    for (const name of names) {
      const below = await place.drive.child(place.entry.id, name);
      if (!below) throw missing();
      place = await reach.find({ id: below.id }, right);
    }
    return { kind: 'entry', place };
  }

  /** Down from something in the trash, by names. */
  async function findInTrash([uid = '', ...names]: readonly string[], right: Right): Promise<Found> {
    const place = await reach.find({ id: idOfUid(uid) ?? '' }, right);
    if (place.trashed?.top !== place.entry.id) throw missing();
    return findBelow(place, names, right);
  }

  async function findPath(owner: string, names: readonly string[], right: Right): Promise<Found> {
    const [first, second, ...below] = names;
    if (first === trashName && owner === home && inPerson) return second === undefined ? trash() : findInTrash([second, ...below], right);
    const target = { path: `/${owner}/${names.join('/')}` };
    try {
      return { kind: 'entry', place: await reach.find(target, right) };
    } catch (error) {
      if (isMissing(error) && owner !== home && first !== undefined && idOfUid(first) !== undefined) return findShared(names, right);
      const isOwnFolder = ownApp !== undefined && owner === home && first === appFolder && second === ownApp;
      if (!isMissing(error) || !isOwnFolder || !(await makeAppFolder(ownApp))) throw error;
      return { kind: 'entry', place: await reach.find(target, right) };
    }
  }

  /** An app has a folder of its own from the first time it looks for it. Answers whether it was missing. */
  async function makeAppFolder(app: string): Promise<boolean> {
    const own = drive.of(home);
    const { id: parent } = await own.root();
    const above = await own.child(parent, appFolder);
    if (above && (await own.child(above.id, app))) return false;
    await own.createPath({ parent, names: [appFolder, app] });
    return true;
  }

  /** Errors: `entry_not_found`, `access_denied`, `field_invalid`. */
  async function find(text: string, right: Right, field = 'path'): Promise<Found> {
    const named = parsePath(text, { home, field });
    if (named.kind === 'root') return { kind: 'root' };
    return named.kind === 'uid' ? findId(named.id, right) : findPath(named.owner, named.names, right);
  }

  /** As `find`, where only what lies in a drive will do. */
  async function entry(text: string, right: Right, field?: string): Promise<FilePlace> {
    const found = await find(text, right, field);
    if (found.kind === 'entry') return found.place;
    if (found.kind === 'trash')
      throw new PuterError('forbidden', 'The trash itself cannot be changed. Choose something in it, or empty it.');
    throw new PuterError('cannot_write_to_root', 'Nothing can be done with / itself. Choose a folder in a home.');
  }

  /** A folder to put something into. Errors: `dest_is_not_a_directory`, `cannot_write_to_root`, and those of `entry`. */
  async function folder(text: string, field: string): Promise<FilePlace> {
    const place = await entry(text, 'write', field);
    if (place.entry.kind !== 'folder') throw notAFolder(place.entry.name);
    if (place.trashed) throw new PuterError('forbidden', 'That folder is in the trash. Restore it first.');
    return place;
  }

  /**
   * As `folder`; what is missing at the end of the path is made when `create` is set. Where it is not, the refusal for a missing
   * folder is what the caller gives.
   */
  async function ensureFolder(
    text: string,
    { field, create, missing: refusal }: { field: string; create: boolean; missing: () => PuterError },
  ): Promise<FilePlace> {
    try {
      return await folder(text, field);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const named = parsePath(text, { home, field });
    if (!create || named.kind !== 'path') throw refusal();
    for (let depth = named.names.length - 1; depth >= 0; depth--) {
      const above = await folder(`/${[named.owner, ...named.names.slice(0, depth)].join('/')}`, field).catch(ignoreMissing);
      if (above) return makeBelow(above, named.names.slice(depth));
    }
    throw refusal();
  }

  /** The folder at the end of names down from another; what is missing is made. */
  async function makeBelow(place: FilePlace, names: readonly string[]): Promise<FilePlace> {
    const made = place.drive.createPath({ parent: place.entry.id, names });
    const last = await renaming({ not_a_folder: ({ message }) => new PuterError('dest_is_not_a_directory', message) }, made);
    return within({ ...place, path: [place.path, ...names.slice(0, -1)].join('/') }, last);
  }

  const subject = ({ path, uid }: Subject, field = 'path'): string => {
    const text = uid ?? path;
    if (text === undefined || text === null || text === '') throw fieldRequired(field);
    return text;
  };

  /** How an entry looks to the caller. */
  function show({ entry: shown, owner, path, right, trashed }: FilePlace): Shown {
    const isHome = shown.parent === null;
    if (!trashed) {
      const inside = path.slice(owner.length + 2);
      const immutable = isHome || (shown.kind === 'folder' && drive.folders.includes(inside));
      return { entry: shown, owner, path, name: isHome ? owner : shown.name, parent: shown.parent, right, immutable };
    }
    const top = uidOfId(trashed.top);
    const isTop = trashed.way.length === 0;
    return {
      entry: shown,
      owner,
      path: [`/${owner}/${trashName}/${top}`, ...trashed.way].join('/'),
      name: isTop ? top : shown.name,
      parent: shown.parent,
      right,
      immutable: false,
      trashed: { path },
    };
  }

  return {
    home,
    /** False for an app or a token, for which there is no trash. */
    inPerson,
    drive,
    find,
    entry,
    folder,
    ensureFolder,
    makeBelow,
    subject,
    show,
    trash,
    homes: reach.homes,
    sees: reach.sees,
    sharesOf: reach.sharesOf,

    /** The same, with whether others were given it, which is told to who could give more. */
    async withShares(items: Shown[]): Promise<Shown[]> {
      const owners = new Set(items.filter(({ right }) => includes(right, 'manage')).map(({ owner }) => owner));
      if (owners.size === 0) return items;
      const shared = new Set<string>();
      for (const owner of owners) {
        const own = items.filter((shown) => shown.owner === owner && includes(shown.right, 'manage'));
        for (const id of await reach.sharedAmong(
          owner,
          own.map(({ entry }) => entry.id),
        ))
          shared.add(id);
      }
      return items.map((shown) => (includes(shown.right, 'manage') ? { ...shown, isShared: shared.has(shown.entry.id) } : shown));
    },

    /** The full path that a text means; a uid is looked up for it. */
    async pathOf(text: string): Promise<string> {
      const named = parsePath(text, { home });
      if (named.kind === 'path') return `/${[named.owner, ...named.names].join('/')}`;
      const found = await find(text, 'see');
      return found.kind === 'root' ? '/' : found.kind === 'trash' ? `/${home}/${trashName}` : show(found.place).path;
    },

    /** How something in a folder looks, without another look at the way up. */
    showIn: (parent: FilePlace, child: Entry): Shown => show(within(parent, child)),

    /** How something further down looks, which has the path from the folder. */
    showBelow: (parent: FilePlace, below: Entry): Shown => show(within(parent, below, below.path?.split('/'))),

    /** How something in the trash itself looks. */
    showTrashed({ owner, id }: { owner: string; id: string }, trashed: Entry): Shown {
      const was = `/${owner}${trashed.path ?? `/${trashed.name}`}`;
      return { ...show(trashedPlace({ owner, drive: drive.of(owner), entry: trashed, path: was })), parent: id };
    },

    /** How anything that was found looks. */
    async showFound(found: Found): Promise<Shown> {
      if (found.kind === 'root') return virtual({ id: rootId, name: '/', path: '/', parent: null, owner: home, right: 'list' });
      if (found.kind === 'trash')
        return virtual({ id: found.id, name: trashName, path: `/${home}/${trashName}`, parent: found.home, owner: home, right: 'write' });
      const shown = show(found.place);
      return found.place.trashed && found.place.trashed.way.length === 0 ? { ...shown, parent: await found.place.drive.id() } : shown;
    },
  };
}

/** Something in a folder that was found, or further down by names. */
const within = (parent: FilePlace, entry: Entry, names: readonly string[] = [entry.name]): FilePlace => ({
  ...parent,
  entry,
  path: [parent.path, ...names].join('/'),
  ...(parent.trashed && { trashed: { ...parent.trashed, way: [...parent.trashed.way, ...names] } }),
});

/** What was just put into the trash, or is listed there. */
const trashedPlace = (place: Omit<FilePlace, 'right' | 'trashed'>): FilePlace => ({
  ...place,
  right: 'manage',
  trashed: { top: place.entry.id, way: [] },
});

function virtual({ id, ...shown }: { id: string; name: string; path: string; parent: string | null; owner: string; right: Right }): Shown {
  const entry: Entry = { id, parent: shown.parent, name: shown.name, kind: 'folder', size: 0, createdAt: 0, modifiedAt: 0 };
  return { ...shown, entry, immutable: true };
}

export const isTaken = (error: unknown): boolean => error instanceof FreeholdError && error.code === 'name_taken';
export const isMissing = (error: unknown): boolean => error instanceof FreeholdError && error.code === 'entry_not_found';

export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

const missing = () =>
  new DriveError('entry_not_found', 'There is nothing at this place. It may have been deleted or restored; refresh and try again.');

export const notAFolder = (name: string) =>
  new PuterError('dest_is_not_a_directory', `"${name}" is a file, not a folder. Choose a folder.`);
