import { sql, type Sql, type Statement } from '@freehold/database';
import type { Address } from '@freehold/protocol';
import type { Reservation } from './reservation.ts';
import { lastUnpaid } from './store.ts';

/** Sums by day and payer look at the newest payments only, so that a report costs the same on a busy node. */
const newest = 50_000;
const mostGroups = 5_000;
const day = 86_400_000;

export type Sum = { network: string; asset: Address; amount: bigint; payments: number };
export type Report = {
  days: (Sum & { day: number })[];
  /** Those who paid most often first. */
  payers: (Sum & { payer: Address })[];
  pending: Sum[];
  exposure: Sum[];
  failed: Sum[];
  released: Sum[];
  failures: Reservation[];
};

type SumRow = { network: string; asset: Address; low: number; mid: number; high: number; payments: number };

/**
 * Amounts are 256-bit decimal texts, which SQL cannot add up: nine digits at a time are, exactly, and put together again here. The third part takes
 * the rest, up to 18 digits more; no money has as many.
 */
const sums = sql`
  CAST(SUM(CAST(CASE WHEN length(amount) > 9 THEN substr(amount, length(amount) - 8) ELSE amount END AS BIGINT)) AS BIGINT) AS low,
  CAST(SUM(CAST(CASE WHEN length(amount) > 18 THEN substr(amount, length(amount) - 17, 9) WHEN length(amount) > 9 THEN substr(amount, 1, length(amount) - 9) ELSE '0' END AS BIGINT)) AS BIGINT) AS mid,
  CAST(SUM(CAST(CASE WHEN length(amount) > 18 THEN substr(amount, 1, length(amount) - 18) ELSE '0' END AS BIGINT)) AS BIGINT) AS high,
  COUNT(*) AS payments`;

const toSum = <Rest extends object>({ low, mid, high, ...rest }: SumRow & Rest) => ({
  ...rest,
  amount: BigInt(low) + BigInt(mid) * 10n ** 9n + BigInt(high) * 10n ** 18n,
});

/** What became of the payments to one payee, or to all, since a moment. `columns` are those that make a reservation. */
export async function report(db: Sql, { payTo, since, failures }: { payTo?: Address; since: number; failures: number }): Promise<Report> {
  const last = await db.get<{ id: number | null }>(sql`SELECT MAX(id) AS id FROM payment_authorization`);
  const mine = payTo === undefined ? sql`1 = 1` : sql`pay_to = ${payTo}`;
  const recent = sql`id > ${(last?.id ?? 0) - newest} AND ${mine}`;
  const settled = sql`${recent} AND state = 'settled' AND settled_at >= ${since}`;
  const by = (condition: Statement) =>
    sql`SELECT network, asset, ${sums} FROM payment_authorization WHERE ${condition} GROUP BY network, asset ORDER BY network, asset LIMIT ${mostGroups}`;
  const ofState = async (condition: Statement): Promise<Sum[]> => (await db.all<SumRow>(by(condition))).map(toSum);

  const days = await db.all<SumRow & { day: number }>(
    sql`SELECT network, asset, settled_at / ${sql`86400000`} AS day, ${sums} FROM payment_authorization WHERE ${settled}
        GROUP BY network, asset, settled_at / ${sql`86400000`} ORDER BY day DESC, network, asset LIMIT ${mostGroups}`,
  );
  const payers = await db.all<SumRow & { payer: Address }>(
    sql`SELECT network, asset, payer, ${sums} FROM payment_authorization WHERE ${settled}
        GROUP BY network, asset, payer ORDER BY payments DESC, payer LIMIT 100`,
  );
  return {
    days: days.map(toSum).map((row) => ({ ...row, day: row.day * day })),
    payers: payers.map(toSum),
    pending: await ofState(sql`${mine} AND state IN ('executed', 'settling')`),
    exposure: plus(await ofState(sql`${mine} AND state IN ('reserved', 'executing', 'executed', 'settling')`), await unclaimed(db, payTo)),
    failed: await ofState(sql`${recent} AND state = 'unpaid' AND changed_at >= ${since}`),
    released: await ofState(sql`${recent} AND state = 'released' AND changed_at >= ${since}`),
    failures: await lastUnpaid(db, { afterId: (last?.id ?? 0) - newest, limit: failures, ...(payTo !== undefined && { payTo }) }),
  };
}

/** What calls on channels and grants came to and nobody has claimed from the chain yet. */
async function unclaimed(db: Sql, payTo: Address | undefined): Promise<Sum[]> {
  const mine = payTo === undefined ? sql`1 = 1` : sql`payee = ${payTo}`;
  const rows = await db.all<{ network: string; asset: Address; charged: string; claimed: string }>(
    sql`SELECT network, asset, charged, claimed FROM payment_tab WHERE unclaimed_since IS NOT NULL AND ${mine} LIMIT 10000`,
  );
  return rows.map(({ network, asset, charged, claimed }) => ({ network, asset, amount: BigInt(charged) - BigInt(claimed), payments: 1 }));
}

function plus(...lists: readonly (readonly Sum[])[]): Sum[] {
  const all = new Map<string, Sum>();
  for (const sum of lists.flat()) {
    const key = `${sum.network} ${sum.asset}`;
    const before = all.get(key);
    all.set(key, before ? { ...sum, amount: before.amount + sum.amount, payments: before.payments + sum.payments } : sum);
  }
  return [...all.values()];
}
