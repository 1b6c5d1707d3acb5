import type { Actor } from '@freehold/drive';
import { parseFilePermission } from '@freehold/identity';
import { idOfUid } from './uid.ts';
import type { Caller } from './route.ts';

/** Who acts in a drive for a caller: the account in person, or an app or token with the entries it was given. */
export function actorOf({ account, delegate }: Pick<Caller, 'account' | 'delegate'>): Actor {
  if (!delegate || delegate.kind === 'password') return { account: account.address };
  const grants = delegate.permissions.flatMap((permission) => {
    const file = parseFilePermission(permission);
    const entry = file && idOfUid(file.subject);
    return file && entry !== undefined ? [{ entry, right: file.right }] : [];
  });
  return { account: account.address, delegate: { app: delegate.kind === 'app' ? delegate.app : undefined, grants } };
}
