import type { Drive } from '@freehold/drive';
import type { Account, Change } from '@freehold/protocol';
import type { Principal } from '../http/route.ts';
import { actorOf } from '../http/actor.ts';
import { uidOfId } from '../http/uid.ts';
import { toV1 } from '../routes/puter/entry.ts';
import { openReach, trashName } from '../routes/puter/reach.ts';
import type { Causes } from './causes.ts';

/** One event as Puter's clients know it, with the entry it is about and, where it went away from somewhere, that place. */
export type Told = { name: string; payload: Record<string, unknown>; entry: string; from?: string };

/** What a change of a drive is in Puter's events. More than one for a rename, which clients of different ages listen for differently. */
export async function eventsOf(change: Change, account: Account, { drive, causes }: { drive: Drive; causes: Causes }): Promise<Told[]> {
  const { op, entry: id, parent, origin } = change;
  const reach = openReach(drive, { account });
  const { old_path: noted, descendants_only = false, ...cause } = causes.of(change);
  const about = { ...cause, from_new_service: true };
  const uid = uidOfId(id);
  const found = op === 'deleted' ? undefined : await reach.find(uid, 'see').catch(() => undefined);
  if (found?.kind !== 'entry') {
    return [
      {
        name: 'item.removed',
        entry: id,
        from: parent,
        payload: { id: uid, uid, uuid: uid, path: noted ?? null, descendants_only, ...about },
      },
    ];
  }
  const { entry } = found.place;
  const item = { ...toV1(await reach.showFound(found)), ...about };
  /** Where it was is known of the request that moved it; else it had the same name in another folder. */
  const before = async (folder: string) => {
    if (noted !== undefined) return noted;
    const above = await reach.find(uidOfId(folder), 'see').catch(() => undefined);
    return above?.kind === 'entry' ? `${above.place.path}/${entry.name}` : null;
  };

  switch (op) {
    case 'created':
      return [{ name: 'item.added', entry: id, payload: item }];
    case 'trashed':
      return [{ name: 'item.moved', entry: id, from: parent, payload: { ...item, old_path: await before(parent) } }];
    case 'restored':
      return [{ name: 'item.moved', entry: id, from: id, payload: { ...item, old_path: `/${account.address}/${trashName}/${uid}` } }];
    case 'moved': {
      if (origin !== undefined)
        return [{ name: 'item.moved', entry: id, from: origin, payload: { ...item, old_path: await before(origin) } }];
      const renamed = { ...item, ...(noted !== undefined && { old_path: noted }) };
      return [
        { name: 'item.renamed', entry: id, payload: renamed },
        { name: 'item.updated', entry: id, payload: item },
      ];
    }
    default:
      return [{ name: 'item.updated', entry: id, payload: item }];
  }
}

/**
 * The event as one listener may hear it, or undefined. A person hears everything of its drive. An app hears of what it can see: what
 * comes into its sight was added for it, and what leaves it was removed; it never learns where from or where to.
 */
export async function asHeardBy(principal: Principal, told: Told, drive: Drive): Promise<Told | undefined> {
  if (!principal.delegate) return told;
  const actor = actorOf(principal);
  const reach = drive.as(actor);
  const isGiven = actor.delegate?.grants.some(({ entry }) => entry === told.entry) ?? false;
  const [sees, saw] = await Promise.all([reach.sees(told.entry), told.from === undefined ? undefined : reach.sees(told.from)]);
  if (sees && saw !== false) return told;
  if (sees) {
    const { old_path: _, ...payload } = told.payload;
    return isGiven ? { ...told, payload } : { ...told, name: 'item.added', payload };
  }
  if (!saw && !(isGiven && told.from !== undefined)) return undefined;
  const { uid, old_path = null, path = null, ...rest } = told.payload;
  const wasAt = saw ? (told.name === 'item.removed' ? path : old_path) : null;
  const cause = Object.fromEntries(Object.entries(rest).filter(([name]) => causeNames.has(name)));
  return { ...told, name: 'item.removed', payload: { id: uid, uid, uuid: uid, path: wasAt, descendants_only: false, ...cause } };
}

const causeNames = new Set(['original_client_socket_id', 'socket_id', 'operation_id', 'item_upload_id', 'from_new_service']);
