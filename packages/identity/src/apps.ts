import type { Database, Sql } from '@freehold/database';
import type { Address, AuthorizedApp } from '@freehold/protocol';
import { appOfOrigin, isAppUid } from './app-uid.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import { authenticated, ownPermissions, parsePermission } from './permission.ts';
import * as store from './store/apps.ts';
import { deleteAccessTokensOfApp } from './store/tokens.ts';

const appsPerAccount = 1000;
const permissionsPerApp = 500;

/** The apps that an account lets act for it, and what each may. Only the account itself decides this, in a session of its own. */
export function createApps({ database, now, log }: { database: Database; now: () => number; log: Log }) {
  return {
    /** The uid of an app, let in or not. Errors: `origin_invalid`. */
    uidOfApp: (given: AppName): string => ('app' in given ? given.app : originOf(given.origin).app),

    /** Every app that was let in, newest first. */
    async apps({ address }: { address: Address }): Promise<AuthorizedApp[]> {
      const rows = await store.listApps(database.read, { address, limit: appsPerAccount });
      const permissions = await store.listPermissions(database.read, { address, limit: appsPerAccount * 10 });
      const given = Map.groupBy(permissions, ({ app }) => app);
      return rows.map(({ app, origin, name, authorized_at }) => ({
        app,
        origin,
        name,
        authorizedAt: authorized_at,
        permissions: (given.get(app) ?? []).map(({ permission, granted_at }) => ({ permission, grantedAt: granted_at })),
      }));
    },

    async isAuthorized({ address, app }: { address: Address; app: string }): Promise<boolean> {
      return (await store.findApp(database.read, { address, app })) !== undefined;
    },

    /** All that an app may do, its own data included; undefined when it is not let in. */
    async permissionsOfApp({ address, app }: { address: Address; app: string }): Promise<string[] | undefined> {
      if (!(await store.findApp(database.read, { address, app }))) return undefined;
      return [...ownPermissions(app), ...(await store.permissionsOf(database.read, { address, app, limit: permissionsPerApp }))];
    },

    /**
     * Lets an app in: by the origin it is served from, or by the uid under which it was let in before.
     * Errors: `origin_invalid`, `app_unknown`, `limit_reached`.
     */
    async authorize(given: { address: Address } & AppName): Promise<{ app: string }> {
      const { address } = given;
      const app = await database.transaction((tx) => admit(tx, given, now()));
      log('identity.app_authorized', { address, app });
      return { app };
    },

    /** Shows an app out: its permissions and tokens end in the same commit; its data stays. Errors: `app_unknown`. */
    async forget({ address, app }: { address: Address; app: string }): Promise<void> {
      const count = await database.transaction((tx) => store.deleteApp(tx, { address, app }));
      if (count === 0) throw unknownApp();
      log('identity.app_forgotten', { address, app });
    },

    /** Gives an app one permission, and lets it in if it was not. Errors: `permission_unknown`, `origin_invalid`, `app_unknown`, `limit_reached`. */
    async grant({ permission, ...given }: { address: Address; permission: string } & AppName): Promise<void> {
      const normal = parsePermission(permission);
      if (normal === undefined) throw unknownPermission(permission);
      const { address } = given;
      const app = await database.transaction(async (tx) => {
        const admitted = await admit(tx, given, now());
        const held = await store.permissionsOf(tx, { address, app: admitted, limit: permissionsPerApp });
        if (held.length >= permissionsPerApp) {
          throw new IdentityError('limit_reached', 409, `An app may hold at most ${permissionsPerApp} permissions. Take some away first.`);
        }
        if (normal !== authenticated) await store.putPermission(tx, { address, app: admitted, permission: normal, at: now() });
        return admitted;
      });
      log('identity.permission_granted', { address, app });
    },

    /**
     * Takes one permission from an app; taking `flag:app-is-authenticated` or `*` shows it out. What the app handed on in access
     * tokens ends with it. Not an error when it had none. Errors: `permission_unknown`, `origin_invalid`.
     */
    async withdraw({ permission, ...given }: { address: Address; permission: string } & AppName): Promise<void> {
      const { address } = given;
      const app = 'app' in given ? given.app : originOf(given.origin).app;
      const normal = permission === '*' ? authenticated : parsePermission(permission);
      if (normal === undefined) throw unknownPermission(permission);
      await database.transaction(async (tx) => {
        if (normal === authenticated) await store.deleteApp(tx, { address, app });
        else if ((await store.deletePermission(tx, { address, app, permission: normal })) > 0)
          await deleteAccessTokensOfApp(tx, { address, app });
      });
      log('identity.permission_withdrawn', { address, app });
    },
  };
}

/** How an app is named: by the origin it is served from, or by a uid. */
export type AppName = { origin: string; name?: string } | { app: string };

/** Enters the app unless it is in; answers its uid. A uid alone lets in nobody new: it says nothing about who that would be. */
async function admit(tx: Sql, given: { address: Address } & AppName, at: number): Promise<string> {
  const { address } = given;
  const named = 'app' in given ? { app: given.app, origin: null } : originOf(given.origin);
  const { app, origin } = named;
  const known = await store.findApp(tx, { address, app });
  if (known) return app;
  if (origin === null || !isAppUid(app)) throw unknownApp();
  if ((await store.countApps(tx, address)) >= appsPerAccount) {
    throw new IdentityError('limit_reached', 409, `You have let in ${appsPerAccount} apps. Remove some that you no longer use.`);
  }
  const name = ('name' in given ? given.name : undefined) ?? new URL(origin).host;
  await store.putApp(tx, { address, app, origin, name: readable(name), authorized_at: at });
  return app;
}

const readable = (name: string) => name.replaceAll(/\p{C}/gu, '').slice(0, 200);

function originOf(text: string): { app: string; origin: string } {
  const known = appOfOrigin(text);
  if (!known) throw new IdentityError('origin_invalid', 400, 'The origin of an app begins with https:// or http:// and a host name.');
  return known;
}

export const unknownApp = () =>
  new IdentityError('app_unknown', 404, 'You have not let in an app with this uid. Open the app by its address to let it in.');

const unknownPermission = (text: string) =>
  new IdentityError('permission_unknown', 400, `${JSON.stringify(text.slice(0, 100))} is not a permission that this node knows.`);
