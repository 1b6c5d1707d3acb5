import { appOfOrigin, holds, type Identity } from '@freehold/identity';
import type { Drive, KeyValue } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route, type Caller } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { version } from '../../version.ts';
import { uuidOfAccount } from './permissions.ts';

const dialect = 'puter';

/** Who the caller is to a Puter app, and the small questions that every app asks at its start. */
export const accountRoutes = ({
  identity,
  drive,
  keyValue,
  startedAt,
  now,
}: {
  identity: Identity;
  drive: Drive;
  keyValue: KeyValue;
  startedAt: number;
  now: () => number;
}) => [
  route({
    method: 'GET',
    path: '/whoami',
    dialect,
    policy: 'app',
    summary: 'Who calls; an app learns less than the person',
    query: z.looseObject({}),
    async handle(call) {
      const caller = callerOf(call);
      const { account, delegate, session } = caller;
      const uuid = uuidOfAccount(account.address);
      const known = { username: account.address, uuid, wallet_address: account.address, is_temp: false, feature_flags: {} };
      if (delegate) {
        const permissions = delegate.kind === 'password' ? [] : delegate.permissions;
        const hasEmail = holds(permissions, `user:${uuid}:email:read`);
        const app = delegate.kind === 'password' ? undefined : delegate.app;
        return { ...known, is_user_token: false, ...(app !== undefined && { app_name: app }), ...(hasEmail && { email: null }) };
      }
      return {
        ...known,
        is_user_token: true,
        email: null,
        unconfirmed_email: null,
        email_confirmed: true,
        requires_email_confirmation: false,
        taskbar_items: [],
        otp: false,
        created_ts: Math.floor(account.createdAt / 1000),
        human_readable_age: ageOf(now() - account.createdAt),
        metadata: {},
        desktop_bg_url: null,
        desktop_bg_color: null,
        desktop_bg_fit: null,
        directories: await foldersOf(caller, drive),
        last_activity_ts: Math.floor(session.lastUsedAt / 1000),
        referral_code: null,
        oidc_only: false,
        hasDevAccountAccess: false,
      };
    },
  }),
  route({
    method: 'GET',
    path: '/version',
    dialect,
    policy: 'anyone',
    summary: 'The version of the node, as Puter’s clients ask for it',
    query: z.looseObject({}),
    async handle() {
      const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
      return { version, major, minor, patch, environment: 'freehold', location: null, deploy_timestamp: startedAt };
    },
  }),
  route({
    method: 'GET',
    path: '/healthcheck',
    dialect,
    policy: 'anyone',
    summary: 'That the node answers; /api/health says how its parts are',
    query: z.looseObject({}),
    handle: async () => ({ ok: true }),
  }),
  route({
    method: 'POST',
    path: '/auth/app-uid-from-origin',
    dialect,
    policy: 'anyone',
    summary: 'The uid under which an origin is known as an app',
    body: z.object({ origin: z.string().max(2048) }),
    handle: async ({ body }) => ({ uid: appOfOrigin(body.origin)?.app ?? null }),
  }),
  route({
    method: 'POST',
    path: '/logout',
    dialect,
    policy: 'app',
    summary: 'End what this token began: a session with all its apps, or the token of one app',
    body: z.object({}),
    async handle(call) {
      const { account, delegate, session } = callerOf(call);
      if (session) await identity.revoke({ address: account.address, id: session.id });
      else if (delegate.kind === 'app') await identity.revokeAppToken({ address: account.address, id: delegate.id });
      return {};
    },
  }),
  route({
    method: 'POST',
    path: '/rao',
    dialect,
    policy: 'app',
    summary: 'An app says that it was opened; nobody is told, and nothing is kept',
    body: z.object({}),
    handle: async () => ({}),
  }),
  route({
    method: 'GET',
    path: '/get-dev-profile',
    dialect,
    policy: 'app',
    summary: 'The developer profile that Puter’s clients ask for: there is none',
    query: z.looseObject({}),
    handle: async () => ({
      first_name: null,
      last_name: null,
      approved_for_incentive_program: false,
      joined_incentive_program: false,
      paypal: null,
    }),
  }),
  route({
    method: 'GET',
    path: '/metering/usage',
    dialect,
    policy: 'app',
    summary: 'What the caller’s apps have used: nothing is metered, and the bytes they keep are counted',
    query: z.looseObject({}),
    async handle(call) {
      const { account, delegate } = callerOf(call);
      // How much all apps keep is their person's to know.
      if (delegate) return { usage: { total: 0 }, appTotals: {}, allowanceInfo: allowance };
      const { used, limit } = await keyValue.usage(account.address);
      return { usage: { total: 0, 'kv:bytes': used }, appTotals: {}, allowanceInfo: { ...allowance, keyValueBytes: limit } };
    },
  }),
  route({
    method: 'GET',
    path: '/metering/usage/:app',
    dialect,
    policy: 'app',
    summary: 'What one app has used: nothing is metered',
    params: z.object({ app: z.string().max(256) }),
    query: z.looseObject({}),
    handle: async () => ({ total: 0 }),
  }),
];

/** Nothing on the node of its owner is bought by the month. */
const allowance = { remaining: Number.MAX_SAFE_INTEGER, monthUsageAllowance: Number.MAX_SAFE_INTEGER, addons: {} };

/** The folders that stand in the caller's home, by their Puter paths. */
async function foldersOf({ account }: Caller, drive: Drive): Promise<Record<string, string>> {
  const home = drive.of(account.address);
  const { entries } = await home.list({ parent: (await home.root()).id, limit: 200 });
  const folders = entries.filter(({ kind }) => kind === 'folder');
  return Object.fromEntries(folders.map(({ id, name }) => [`/${account.address}/${name}`, uidOfId(id)]));
}

function ageOf(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days === 1 ? '1 day' : `${days} days`;
}
