import type { Database } from '@freehold/database';
import type { Address } from '@freehold/protocol';
import { isExpired } from './account.ts';
import { unknownApp } from './apps.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import { createNotesOfUse } from './notes-of-use.ts';
import { ownPermissions } from './permission.ts';
import type { Delegate, Principal } from './principal.ts';
import { findApp, permissionsOf } from './store/apps.ts';
import * as store from './store/tokens.ts';
import { hashToken, makeClaimingToken, makePassword, readPassword } from './token.ts';
import { randomUuid } from './uuid.ts';

const minute = 60_000;
const year = 365 * 24 * 60 * minute;
const longestAccess = 10 * year;
/** Each window of an app has a token of its own. */
const tokensPerApp = 50;
const accessTokensPerAccount = 10_000;
/** An app that makes more loses its own oldest ones, and takes no room from its person. */
const accessTokensPerApp = 2000;
const passwordsPerAccount = 100;
const permissionsRead = 500;

/** A token of an app, an access token or an app password, as lists show it; the secret is shown once, when it is made. */
export type DelegatedToken = {
  id: string;
  label: string;
  /** The app that holds it, or that made it. */
  app: string | null;
  createdAt: number;
  /** Kept to the minute. */
  lastUsedAt: number;
  expiresAt: number | null;
};

/** Everything besides a session that acts for an account. Opaque, stored as hashes, no cache: what is revoked is refused by the next request. */
export function createDelegates({
  database,
  now,
  random,
  log,
}: {
  database: Database;
  now: () => number;
  random: (length: number) => Uint8Array;
  log: Log;
}) {
  const noteUse = createNotesOfUse(log);

  async function delegateOf(row: store.DelegatedTokenRow): Promise<Delegate> {
    const { id, kind, address, app } = row;
    if (kind === 'password') return { kind, id, access: row.access === 'write' ? 'write' : 'read' };
    if (kind === 'token' || app === null) {
      return { kind: 'token', id, app: app ?? undefined, permissions: row.permissions.split('\n').filter(Boolean) };
    }
    const given = await permissionsOf(database.read, { address, app, limit: permissionsRead });
    return { kind: 'app', id, app, permissions: [...ownPermissions(app), ...given] };
  }

  async function principalOf(secret: string, kinds: readonly store.DelegateKind[]): Promise<Principal | undefined> {
    const at = now();
    const row = await store.findToken(database.read, hashToken(secret));
    if (!row || !kinds.includes(row.kind)) return undefined;
    const account = { address: row.address, role: row.role, createdAt: row.account_created_at, expiresAt: row.account_expires_at };
    const hasEnded = row.expires_at !== null && row.expires_at <= at;
    const isOrphaned = row.session !== null && (row.session_expires_at === null || row.session_expires_at <= at);
    if (hasEnded || isOrphaned || isExpired(account, at)) return undefined;
    if (at - row.last_used_at >= minute)
      void noteUse(row.id, () => database.transaction((tx) => store.touchToken(tx, { id: row.id, lastUsedAt: at }), { within: row.id }));
    return { account, delegate: await delegateOf(row) };
  }

  const rowOf = (row: Partial<store.DelegatedTokenRow> & Pick<store.DelegatedTokenRow, 'kind' | 'address'>) => ({
    id: randomUuid(random),
    session: null,
    app: null,
    label: '',
    permissions: '',
    access: null,
    created_at: now(),
    last_used_at: now(),
    expires_at: null,
    ...row,
  });

  async function list(address: Address, kind: store.DelegateKind, limit: number) {
    return (await store.listTokens(database.read, { address, kind, now: now(), limit })).map(tokenOf);
  }

  return {
    /** The part of `authenticate` for tokens that are not sessions. */
    delegate: (token: string): Promise<Principal | undefined> => principalOf(token, ['app', 'token']),

    /** Whose app password this is. The name typed beside it must be the account's address, or empty. */
    async authenticatePassword({ user, password }: { user: string; password: string }): Promise<Principal | undefined> {
      const read = readPassword(password);
      const known = read === undefined ? undefined : await principalOf(read, ['password']);
      const isTheirs = user === '' || known?.account.address.toLowerCase() === user.trim().toLowerCase();
      return isTheirs ? known : undefined;
    },

    /** A token for an app that was let in; it ends with the session that made it. Errors: `app_unknown`. */
    async createAppToken({ address, session, app }: { address: Address; session: string; app: string }) {
      const token = makeClaimingToken(random, 'app', { type: 'app-under-user', app_uid: app });
      const row = rowOf({ kind: 'app', address, session, app });
      await database.transaction(async (tx) => {
        if (!(await findApp(tx, { address, app }))) throw unknownApp();
        await store.deleteExpiredTokens(tx, now());
        await store.insertToken(tx, { ...row, token_hash: hashToken(token) });
        await store.deleteOldestOfApp(tx, { address, app, kind: 'app', keep: tokensPerApp });
      });
      log('identity.app_token_created', { address, app });
      return { token, id: row.id };
    },

    /** The tokens that apps hold. */
    appTokens: ({ address }: { address: Address }): Promise<DelegatedToken[]> => list(address, 'app', 1000),

    /** Errors: `token_unknown`. */
    async revokeAppToken({ address, id }: { address: Address; id: string }): Promise<void> {
      const count = await database.transaction((tx) => store.deleteToken(tx, { address, kind: 'app', id }));
      if (count === 0) throw unknownToken('app token');
      log('identity.token_revoked', { address });
    },

    /**
     * A token for whoever is handed it. The caller has checked that its maker holds the permissions, which are normalised.
     * Errors: `bad_expiry`, `limit_reached`.
     */
    async createAccessToken({
      address,
      app,
      permissions,
      label,
      lifetime,
    }: {
      address: Address;
      app: string | undefined;
      permissions: readonly string[];
      label: string;
      /** In milliseconds. */
      lifetime: number;
    }) {
      if (!(lifetime > 0 && lifetime <= longestAccess)) {
        throw new IdentityError('bad_expiry', 422, 'An access token lasts from one second to ten years. Choose another duration.');
      }
      const row = rowOf({
        kind: 'token',
        address,
        app: app ?? null,
        label: label.slice(0, 200),
        permissions: permissions.join('\n'),
        expires_at: now() + Math.ceil(lifetime),
      });
      const token = makeClaimingToken(random, 'token', { type: 'access-token', token_uid: row.id });
      await database.transaction(async (tx) => {
        await store.deleteExpiredTokens(tx, now());
        if (app !== undefined && !(await findApp(tx, { address, app }))) throw unknownApp();
        if (app === undefined && (await store.countTokens(tx, { address, kind: 'token' })) >= accessTokensPerAccount) {
          throw new IdentityError('limit_reached', 409, 'There are too many access tokens. Revoke some, or let them expire sooner.');
        }
        await store.insertToken(tx, { ...row, token_hash: hashToken(token) });
        if (app !== undefined) await store.deleteOldestOfApp(tx, { address, app, kind: 'token', keep: accessTokensPerApp });
      });
      log('identity.access_token_created', { address });
      return { token, id: row.id, expiresAt: row.expires_at };
    },

    accessTokens: async ({ address }: { address: Address }): Promise<(DelegatedToken & { permissions: string[] })[]> => {
      const rows = await store.listTokens(database.read, { address, kind: 'token', now: now(), limit: 1000 });
      return rows.map((row) => ({ ...tokenOf(row), permissions: row.permissions.split('\n').filter(Boolean) }));
    },

    /** By the token itself or its id; an app revokes only what it made. Answers whether there was one. */
    async revokeAccessToken({ address, app, tokenOrId }: { address: Address; app: string | undefined; tokenOrId: string }) {
      const count = await database.transaction((tx) =>
        store.deleteAccessToken(tx, { address, app, id: tokenOrId, tokenHash: hashToken(tokenOrId) }),
      );
      if (count > 0) log('identity.token_revoked', { address });
      return count > 0;
    },

    /** A password for one program that mounts the drive. Answered this once; there is no other password. Errors: `limit_reached`. */
    async createPassword({ address, label, access }: { address: Address; label: string; access: 'read' | 'write' }) {
      const password = makePassword(random);
      const row = rowOf({ kind: 'password', address, label: label.replaceAll(/\p{C}/gu, '').trim(), access });
      await database.transaction(async (tx) => {
        if ((await store.countTokens(tx, { address, kind: 'password' })) >= passwordsPerAccount) {
          throw new IdentityError(
            'limit_reached',
            409,
            `You have ${passwordsPerAccount} app passwords. Revoke some that you no longer use.`,
          );
        }
        await store.insertToken(tx, { ...row, token_hash: hashToken(password) });
      });
      log('identity.password_created', { address });
      return { password, ...passwordOf(row) };
    },

    async passwords({ address }: { address: Address }) {
      const rows = await store.listTokens(database.read, { address, kind: 'password', now: now(), limit: passwordsPerAccount });
      return rows.map(passwordOf);
    },

    /** Errors: `token_unknown`. */
    async revokePassword({ address, id }: { address: Address; id: string }): Promise<void> {
      const count = await database.transaction((tx) => store.deleteToken(tx, { address, kind: 'password', id }));
      if (count === 0) throw unknownToken('app password');
      log('identity.password_revoked', { address });
    },
  };
}

const tokenOf = (row: store.DelegatedTokenRow): DelegatedToken => ({
  id: row.id,
  label: row.label,
  app: row.app,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
});

const passwordOf = (row: store.DelegatedTokenRow) => ({
  id: row.id,
  label: row.label,
  access: row.access === 'write' ? ('write' as const) : ('read' as const),
  createdAt: row.created_at,
  /** Null until it is used. */
  lastUsedAt: row.last_used_at > row.created_at ? row.last_used_at : null,
});

const unknownToken = (what: string) =>
  new IdentityError('token_unknown', 404, `You have no ${what} with this id. It may have been revoked already.`);
