import { sql, type Sql } from '@freehold/database';
import { stepReservation, takeFromTotal } from '../../store.ts';

/**
 * Of what a node settled on the chain within a range of time, what was looked for again fewer than `look` times, oldest first. The range is
 * small: calls on channels are settled by the thousand, and are passed over here.
 */
export async function dueLooks(
  db: Sql,
  { node, look, from, to, limit }: { node: string; look: number; from: number; to: number; limit: number },
): Promise<number[]> {
  const rows = await db.all<{ id: number }>(sql`
    SELECT a.id AS id FROM payment_authorization a LEFT JOIN payment_look l ON l.authorization_id = a.id
    WHERE a.state = 'settled' AND a.settled_at >= ${from} AND a.settled_at <= ${to} AND a.node = ${node}
      AND a.scheme = 'exact' AND a.transaction_hash IS NOT NULL AND COALESCE(l.looks, 0) < CAST(${look} AS BIGINT)
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
