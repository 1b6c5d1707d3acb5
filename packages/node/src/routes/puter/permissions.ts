import type { Drive } from '@freehold/drive';
import { holds, parseFilePermission, parsePermission, uuidOf } from '@freehold/identity';
import type { Address } from '@freehold/protocol';
import { actorOf } from '../../http/actor.ts';
import type { Caller } from '../../http/route.ts';
import { idOfUid, uidOfId } from '../../http/uid.ts';

/** Puter's `uuid` of a person. It follows from the wallet, so it is the same on every node. */
export const uuidOfAccount = (address: Address) => uuidOf(address.toLowerCase());

/** Puter names a file by its path or by its uid. */
export const targetOf = (subject: string) => {
  const id = idOfUid(subject);
  return id === undefined ? { path: subject } : { id };
};

/**
 * Whether a caller has a permission, and its one spelling; undefined when it has not, which is also said of what does not exist.
 * A person has all that is about itself; an app or a token what it was given; of a file only the drive can say, folder by folder.
 */
export async function heldBy(caller: Caller, text: string, drive: Drive): Promise<string | undefined> {
  const file = parseFilePermission(text);
  if (file) {
    const place = await drive
      .as(actorOf(caller))
      .find(targetOf(file.subject), file.right)
      .catch(() => undefined);
    return place && `fs:${uidOfId(place.entry.id)}:${file.right}`;
  }
  const permission = parsePermission(text);
  if (permission === undefined) return undefined;
  const { delegate } = caller;
  if (delegate) return delegate.kind !== 'password' && holds(delegate.permissions, permission) ? permission : undefined;
  const [family = '', subject] = permission.split(':');
  const isAboutPeople = family === 'user' || family.endsWith('-of-user');
  return isAboutPeople && subject !== uuidOfAccount(caller.account.address) ? undefined : permission;
}
