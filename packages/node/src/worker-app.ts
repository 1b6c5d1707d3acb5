import { appOfOrigin, type Identity, type Principal } from '@freehold/identity';
import type { Address } from '@freehold/protocol';

/** The origin by which a worker is an app of its own: nobody can have it. `.invalid` is set aside for that (RFC 2606). */
const originOfWorker = (name: string): string => `https://${name}.worker.invalid`;

/** The app that a worker of that name is, unless it was made for another. */
export function appOfWorker(name: string): string {
  const known = appOfOrigin(originOfWorker(name));
  if (!known) throw new Error(`${name} cannot be a part of an origin`);
  return known.app;
}

/**
 * Somebody as far as a worker may act for him: within what that app was given, which at first is its own folder and its own part of
 * the key-value store. A worker that is an app of its own is let in by being called, as an app is by being opened, so that it is
 * seen among the apps, and can be given more or shown out there. Undefined when another app is meant that was not let in.
 */
export async function actingAs(
  identity: Identity,
  { address, worker, app }: { address: Address; worker: string; app: string },
): Promise<Principal | undefined> {
  const account = await identity.account(address);
  if (!account) return undefined;
  const isOwn = app === appOfWorker(worker);
  if (isOwn && !(await identity.isAuthorized({ address, app }))) await identity.authorize({ address, origin: originOfWorker(worker) });
  const permissions = await identity.permissionsOfApp({ address, app });
  return permissions && { account, delegate: { kind: 'app', id: `worker:${worker}`, app, permissions } };
}
