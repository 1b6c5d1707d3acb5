import type { Database, Sql } from '@freehold/database';
import { securityEvent, type Address, type SecurityEvent } from '@freehold/protocol';
import { networkOf } from './network.ts';
import * as store from './store/events.ts';

const keptMs = 365 * 24 * 60 * 60_000;
const pageSize = 100;

export type Noted = { account: Address; kind: SecurityEvent['kind']; detail?: string; ip?: string; userAgent?: string };
export type SecurityEvents = ReturnType<typeof createSecurityEvents>;

/** The audit trail of an account, as its person sees it; kept for a year. */
export function createSecurityEvents({ database, now }: { database: Database; now: () => number }) {
  return {
    /** Part of the transaction of what happened. */
    async note(tx: Sql, { account, kind, detail = '', ip, userAgent }: Noted): Promise<void> {
      await store.deleteEventsBefore(tx, now() - keptMs);
      await store.insertEvent(tx, {
        account,
        at: now(),
        kind,
        detail: detail.slice(0, 200),
        network: ip === undefined ? null : networkOf(ip),
        user_agent: userAgent === undefined ? null : userAgent.slice(0, 200),
      });
    },

    /** Newest first; `next` is where the following page begins, or null. */
    async securityEvents({ address, before = Number.MAX_SAFE_INTEGER }: { address: Address; before?: number }) {
      const rows = await store.listEvents(database.read, { account: address, before, limit: pageSize + 1 });
      const page = rows.slice(0, pageSize);
      const events: SecurityEvent[] = page.map(({ position, at, kind, detail, network, user_agent }) => ({
        id: position,
        at,
        kind: securityEvent.shape.kind.parse(kind),
        detail,
        network,
        userAgent: user_agent,
      }));
      return { events, next: rows.length > pageSize ? (page.at(-1)?.position ?? null) : null };
    },
  };
}
