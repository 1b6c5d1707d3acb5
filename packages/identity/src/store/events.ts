import type { Address } from '@freehold/protocol';
import { sql, type Sql } from '@freehold/database';

/** What happened to the safety of accounts. */

export type EventRow = {
  position: number;
  at: number;
  kind: string;
  detail: string;
  network: string | null;
  user_agent: string | null;
};

export const insertEvent = (db: Sql, row: Omit<EventRow, 'position'> & { account: Address }) =>
  db.run(
    sql`INSERT INTO security_event (account, at, kind, detail, network, user_agent)
      VALUES (${row.account}, ${row.at}, ${row.kind}, ${row.detail}, ${row.network}, ${row.user_agent})`,
  );

/** Newest first. */
export const listEvents = (db: Sql, { account, before, limit }: { account: Address; before: number; limit: number }) =>
  db.all<EventRow>(
    sql`SELECT position, at, kind, detail, network, user_agent FROM security_event
      WHERE account = ${account} AND position < ${before} ORDER BY position DESC LIMIT ${limit}`,
  );

export const deleteEventsBefore = (db: Sql, at: number) => db.run(sql`DELETE FROM security_event WHERE at < ${at}`);
