import type { Drive } from '@freehold/drive';
import { IdentityError, isAppUid, parseFilePermission, type AppName, type Identity } from '@freehold/identity';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { callerOf, route, sessionOf, type Caller } from '../../http/route.ts';
import { ensureAppFolder, folderPermission, pathOfAppFolder } from './app-folder.ts';
import { parseDuration } from './duration.ts';
import { toV1 } from './entry.ts';
import { heldBy } from './permissions.ts';
import { openReach } from './reach.ts';

const dialect = 'puter';
const uid = z.string().max(64);
const appOrOrigin = z
  .object({ app_uid: uid.optional(), origin: z.string().max(2048).optional() })
  .refine(({ app_uid, origin }) => (app_uid ?? origin) !== undefined, { path: ['app_uid'], message: 'give an app_uid or an origin' });
const permission = z.string().min(1).max(4096);
const standardLifetime = 30 * 86_400_000;
/** What an app hands on it may only read, and not for longer. */
const longestOfApp = 366 * 86_400_000;

/** Which apps act for a person, and with what; sessions and tokens. An app may ask what it holds, and hand on a part of it for reading. */
export const authRoutes = ({ identity, drive }: { identity: Identity; drive: Drive }) => [
  route({
    method: 'POST',
    path: '/auth/get-user-app-token',
    dialect,
    policy: 'session',
    summary: 'Let an app in and make it a token, which ends with this session',
    body: appOrOrigin,
    async handle(call) {
      const { account, session } = sessionOf(call);
      const { app } = await identity.authorize({ address: account.address, ...named(call.body) });
      const { token } = await identity.createAppToken({ address: account.address, session: session.id, app });
      return { token, app_uid: app };
    },
  }),
  route({
    method: 'POST',
    path: '/auth/check-app',
    dialect,
    policy: 'session',
    summary: 'Whether an app was let in; if so, with a token for it',
    body: appOrOrigin,
    async handle(call) {
      const { account, session } = sessionOf(call);
      const app = identity.uidOfApp(named(call.body));
      if (!(await identity.isAuthorized({ address: account.address, app }))) return { app_uid: app, authenticated: false };
      const { token } = await identity.createAppToken({ address: account.address, session: session.id, app });
      return { app_uid: app, authenticated: true, token };
    },
  }),
  route({
    method: 'POST',
    path: '/auth/check-permissions',
    dialect,
    policy: 'app',
    summary: 'Which of these permissions the caller holds',
    body: z.object({ permissions: z.array(permission).max(200) }),
    async handle(call) {
      const caller = callerOf(call);
      const answers: [string, boolean][] = [];
      for (const text of new Set(call.body.permissions)) answers.push([text, (await heldBy(caller, text, drive)) !== undefined]);
      return { permissions: Object.fromEntries(answers) };
    },
  }),
  route({
    method: 'POST',
    path: '/auth/grant-user-app',
    dialect,
    policy: 'session',
    summary: 'Give an app a permission of the caller’s',
    body: appOrOrigin.and(z.object({ permission })),
    async handle(call) {
      const caller = callerOf(call);
      const { address } = caller.account;
      const held = await mustHold(caller, [call.body.permission], drive);
      for (const each of held) {
        await identity.grant({ address, permission: each, ...named(call.body) });
        const folder = await folderPermission(drive, address, each);
        if (folder !== undefined) await identity.grant({ address, permission: folder, ...named(call.body) });
      }
      return {};
    },
  }),
  route({
    method: 'POST',
    path: '/auth/revoke-user-app',
    dialect,
    policy: 'session',
    summary: 'Take a permission from an app; `*` shows the app out',
    body: appOrOrigin.and(z.object({ permission })),
    async handle(call) {
      const caller = callerOf(call);
      // A file that is gone has no spelling but the one it was given by.
      const spelled = (await heldBy(caller, call.body.permission, drive)) ?? call.body.permission;
      const { address } = caller.account;
      await identity.withdraw({ address, permission: spelled, ...named(call.body) });
      const folder = await folderPermission(drive, address, spelled);
      if (folder !== undefined) await identity.withdraw({ address, permission: folder, ...named(call.body) });
      return {};
    },
  }),
  route({
    method: 'POST',
    path: '/auth/request-app-root-dir',
    dialect,
    policy: 'app',
    summary: 'The folder of an app: its own, or another one’s that it was given',
    body: z.object({
      app_uid: uid.refine(isAppUid, 'must be the uid of an app'),
      access: z.enum(['read', 'write']).default('read'),
      check: z.boolean().nullish(),
    }),
    async handle(call) {
      const caller = callerOf(call);
      const { app_uid: app, access, check } = call.body;
      const home = caller.account.address;
      const isOwn = caller.delegate?.kind === 'app' && caller.delegate.app === app;
      if (!isOwn) await mustHold(caller, [`app-root-dir:${app}:${access}`], drive);
      if (check) return {};
      await ensureAppFolder(drive, home, app);
      const reach = openReach(drive, caller);
      return toV1(await reach.showFound(await reach.find(pathOfAppFolder(home, app), access)));
    },
  }),
  route({
    method: 'POST',
    path: '/auth/create-access-token',
    dialect,
    policy: 'app',
    summary: 'A token with a part of what the caller holds, for whoever is handed it. An app makes one for reading only',
    body: z.object({
      permissions: z.array(permission).min(1).max(100),
      expiresIn: z.union([z.number(), z.string().max(64)]).optional(),
      label: z.string().max(200).optional(),
    }),
    async handle(call) {
      const caller = callerOf(call);
      const { account, delegate } = caller;
      const { permissions, expiresIn, label = '' } = call.body;
      const lifetime = expiresIn === undefined ? standardLifetime : parseDuration(expiresIn);
      if (delegate) {
        if (delegate.kind !== 'app') throw new RequestError('forbidden', 403, 'A token cannot make another one. Use your own session.');
        const others = permissions.filter((text) => (parseFilePermission(text)?.right ?? 'write') === 'write');
        if (others.length > 0) throw missing(others);
        if (lifetime > longestOfApp) throw new RequestError('invalid_request', 400, 'What an app hands on lasts at most a year.');
      }
      const held = await mustHold(caller, permissions, drive);
      const app = delegate?.kind === 'app' ? delegate.app : undefined;
      const made = await identity.createAccessToken({ address: account.address, app, permissions: held, label, lifetime });
      return { token: made.token };
    },
  }),
  route({
    method: 'POST',
    path: '/auth/revoke-access-token',
    dialect,
    policy: 'app',
    summary: 'End an access token, named by itself, its uuid, or a URL that carries it',
    body: z.object({ tokenOrUuid: z.string().min(1).max(4096) }),
    async handle(call) {
      const { account, delegate } = callerOf(call);
      if (delegate && delegate.kind !== 'app') throw new RequestError('forbidden', 403, 'A token cannot end others. Use your own session.');
      const given = call.body.tokenOrUuid.trim();
      const tokenOrId = (URL.canParse(given) ? new URL(given).searchParams.get('token') : undefined) ?? given;
      const found = await identity.revokeAccessToken({ address: account.address, app: delegate?.app, tokenOrId });
      if (!found) throw new IdentityError('token_unknown', 404, 'There is no such access token. It may have ended already.');
      return { ok: true };
    },
  }),
  route({
    method: 'GET',
    path: '/auth/list-sessions',
    dialect,
    policy: 'session',
    summary: 'The sessions of the caller, and the tokens that its apps hold',
    query: z.looseObject({}),
    async handle(call) {
      const { account, session } = sessionOf(call);
      const address = account.address;
      const [sessions, tokens, apps] = await Promise.all([
        identity.sessions({ address, current: session.id }),
        identity.appTokens({ address }),
        identity.apps({ address }),
      ]);
      const names = new Map(apps.map(({ app, name }) => [app, name]));
      return [
        ...sessions.map((each) => ({
          ...lastingOf(each),
          kind: 'web',
          current: each.current,
          label: each.userAgent,
          last_ip: each.network,
          last_user_agent: each.userAgent,
          app_uid: null,
        })),
        ...tokens.map((each) => ({
          ...lastingOf(each),
          kind: 'app',
          current: false,
          label: (each.app !== null && names.get(each.app)) || each.label,
          last_ip: null,
          last_user_agent: null,
          app_uid: each.app,
          app: { uid: each.app, name: (each.app !== null && names.get(each.app)) || null },
        })),
      ];
    },
  }),
  route({
    method: 'POST',
    path: '/auth/revoke-session',
    dialect,
    policy: 'session',
    summary: 'End a session of the caller with all its apps, or the token of one app',
    body: z.object({ uuid: z.string().max(128) }),
    async handle(call) {
      const { address } = sessionOf(call).account;
      const id = call.body.uuid;
      await identity.revoke({ address, id }).catch(async (error: unknown) => {
        if (!(error instanceof IdentityError && error.code === 'session_unknown')) throw error;
        await identity.revokeAppToken({ address, id });
      });
      return { ok: true };
    },
  }),
  route({
    method: 'GET',
    path: '/auth/list-permissions',
    dialect,
    policy: 'session',
    summary: 'What the caller has given to apps',
    query: z.looseObject({}),
    async handle(call) {
      const apps = await identity.apps({ address: sessionOf(call).account.address });
      return {
        myself_to_app: apps.flatMap(({ app, name, permissions }) =>
          permissions.map((each) => ({
            app: { uid: app, name },
            app_uid: app,
            permission: each.permission,
            extra: {},
            granted_at: each.grantedAt,
          })),
        ),
        myself_to_user: [],
        user_to_myself: [],
      };
    },
  }),
];

const lastingOf = ({
  id,
  createdAt,
  lastUsedAt,
  expiresAt,
}: {
  id: string;
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number | null;
}) => ({
  uuid: id,
  created_at: createdAt,
  last_activity: lastUsedAt,
  expires_at: expiresAt,
});

const named = ({ app_uid, origin }: { app_uid?: string | undefined; origin?: string | undefined }): AppName =>
  app_uid === undefined ? { origin: origin ?? '' } : { app: app_uid };

/** The permissions in their one spelling. Errors: `permission_missing`, which names those that the caller does not hold. */
async function mustHold(caller: Caller, permissions: readonly string[], drive: Drive): Promise<string[]> {
  const held: string[] = [];
  const lacking: string[] = [];
  for (const text of new Set(permissions)) {
    const spelled = await heldBy(caller, text, drive);
    if (spelled === undefined) lacking.push(text);
    else held.push(spelled);
  }
  if (lacking.length > 0) throw missing(lacking);
  return held;
}

const missing = (permissions: readonly string[]) =>
  new IdentityError('permission_missing', 403, 'You cannot hand on what you do not hold yourself.', {
    details: { missing_permissions: permissions },
  });
