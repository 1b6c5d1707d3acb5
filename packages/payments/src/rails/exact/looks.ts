import { sql, type Sql } from '@freehold/database';
import { stepReservation, takeFromTotal } from '../../store.ts';

/**
 * Of what a node settled on the chain itself, what is due to be looked for again, oldest first: `delays` are the times after the settlement.
 * What was settled longer ago than `within` is left alone; then the node was off when it was due.
 */
export async function dueLooks(
  db: Sql,
  { node, delays, within, now, limit }: { node: string; delays: readonly [number, number]; within: number; now: number; limit: number },
): Promise<number[]> {
  const [first, second] = delays;
  const rows = await db.all<{ id: number }>(sql`
    SELECT a.id AS id FROM payment_authorization a LEFT JOIN payment_look l ON l.authorization_id = a.id
    WHERE a.state = 'settled' AND a.node = ${node} AND a.settled_at >= ${now - within} AND a.settled_at <= ${now - first}
      AND a.scheme = 'exact' AND a.transaction_hash IS NOT NULL
      AND (l.looks IS NULL OR (l.looks = 1 AND a.settled_at <= ${now - second}))
    ORDER BY a.settled_at LIMIT ${limit}`);
  return rows.map(({ id }) => id);
}

export async function addLook(db: Sql, id: number): Promise<void> {
  await db.run(
    sql`INSERT INTO payment_look (authorization_id, looks) VALUES (${id}, 1) ON CONFLICT (authorization_id) DO UPDATE SET looks = payment_look.looks + 1`,
  );
}

/** The transaction that moved the money after all. */
export async function replaceTransaction(db: Sql, id: number, transaction: string): Promise<void> {
  await db.run(sql`UPDATE payment_authorization SET transaction_hash = ${transaction} WHERE id = ${id} AND state = 'settled'`);
}

/** A payment that was settled is not paid after all, and is no longer part of any sum. False when it was not settled any more. */
export async function loseSettled(db: Sql, id: number, { reason, at }: { reason: string; at: number }): Promise<boolean> {
  const lost = await stepReservation(db, { id, from: 'settled', to: 'unpaid', at, changes: { reason } });
  if (lost) await takeFromTotal(db, lost);
  return lost !== undefined;
}
