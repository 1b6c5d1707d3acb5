import type { Database, Sql } from '@freehold/database';
import type { Account, Address, Session as PublicSession } from '@freehold/protocol';
import { isExpired } from './account.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import { createNotesOfUse } from './notes-of-use.ts';
import { networkOf } from './network.ts';
import * as store from './store.ts';
import { hashToken, kindOfToken, makeToken } from './token.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
/** A session ends after 7 days without use, and after 30 days in any case. */
const idleLifetime = 7 * day;
const lifetime = 30 * day;
const sessionsPerAccount = 100;

/** One sign-in of one wallet on one device; `lastUsedAt` is kept to the minute. */
export type Session = PublicSession & {
  /** Where the sign-in came from, as a network and not an address: 203.0.113.0/24. */
  network: string;
};

export type Sessions = ReturnType<typeof createSessions>;

/** Sessions by opaque token. There is no cache: what is revoked is refused by the next request. */
export function createSessions({
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
  const touch = ({ id, created_at }: store.SessionRow, at: number) =>
    noteUse(id, () =>
      database.transaction((tx) => store.touchSession(tx, { id, lastUsedAt: at, expiresAt: expiryOf(created_at, at) }), { within: id }),
    );

  return {
    /** Part of the sign-in's transaction. The token is given out this once; the database has its hash. */
    async start(tx: Sql, { account, userAgent, ip }: { account: Account; userAgent: string; ip: string }) {
      const at = now();
      const token = makeToken(random);
      const row: store.SessionRow = {
        id: Buffer.from(random(12)).toString('hex'),
        address: account.address,
        created_at: at,
        last_used_at: at,
        expires_at: expiryOf(at, at),
        user_agent: readable(userAgent),
        network: networkOf(ip),
      };
      await store.deleteExpiredSessions(tx, at);
      await store.insertSession(tx, { ...row, token_hash: hashToken(token) });
      await store.deleteOldestSessions(tx, { address: account.address, keep: sessionsPerAccount });
      return { token, session: sessionOf(row, row.id) };
    },

    /** Whose token this is, or undefined when it is none, has ended or was revoked, or the account has ended. */
    async authenticate(token: string): Promise<{ account: Account; session: Session } | undefined> {
      if (kindOfToken(token) !== 'session') return undefined;
      const at = now();
      const row = await store.findSession(database.read, hashToken(token));
      if (!row || row.expires_at <= at) return undefined;
      const account = await store.findAccount(database.read, row.address);
      if (!account || isExpired(account, at)) return undefined;
      if (at - row.last_used_at >= minute) void touch(row, at);
      return { account, session: sessionOf(row, row.id) };
    },

    /** The living sessions of a wallet, last used first. `current` is the id of the one that asks. */
    async sessions({ address, current }: { address: Address; current?: string }): Promise<Session[]> {
      const rows = await store.listSessions(database.read, { address, now: now(), limit: sessionsPerAccount });
      return rows.map((row) => sessionOf(row, current));
    },

    /** Ends one session of a wallet, its own included (which is signing out). Errors: `session_unknown`. */
    async revoke({ address, id }: { address: Address; id: string }): Promise<void> {
      const count = await database.transaction((tx) => store.deleteSession(tx, { id, address }));
      if (count === 0) throw new IdentityError('session_unknown', 404, 'You have no session with this id. It may have ended already.');
      log('identity.session_revoked', { address, session: id });
    },

    /** Ends every session of a wallet but one; answers how many. */
    async revokeOthers({ address, current }: { address: Address; current: string }): Promise<number> {
      const count = await database.transaction((tx) => store.deleteOtherSessions(tx, { address, keep: current }));
      log('identity.sessions_revoked', { address, count });
      return count;
    },
  };
}

const expiryOf = (createdAt: number, lastUsedAt: number) => Math.min(createdAt + lifetime, lastUsedAt + idleLifetime);

const readable = (userAgent: string) => userAgent.replaceAll(/\p{C}/gu, '').slice(0, 256);

function sessionOf(row: store.SessionRow, current: string | undefined): Session {
  return {
    id: row.id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    userAgent: row.user_agent,
    network: row.network,
    current: row.id === current,
  };
}
