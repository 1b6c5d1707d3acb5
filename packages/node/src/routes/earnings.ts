import { Readable } from 'node:stream';
import type { Compute } from '@freehold/compute';
import type { Payments, Reservation, Sum } from '@freehold/payments';
import { earningsReport, formatUnits, paymentList, type Address, type EarningsSum, type Payment, type Token } from '@freehold/protocol';
import { z } from 'zod';
import { toCsv } from '../csv.ts';
import { RequestError } from '../error.ts';
import { callerOf, route, type Caller } from '../http/route.ts';

const day = 24 * 60 * 60 * 1000;
const pageSize = 500;
/** Payments of one file; who has more asks for the rest with `before`. */
const mostRows = 100_000;
const everybody = z.stringbool().default(false);

/** What a seller earned and what became of the rest. The owner may ask for the whole node with `all=true`. */
export const earningsRoutes = ({
  compute,
  payments,
  tokens,
  now,
}: {
  compute: Compute;
  payments: Payments;
  tokens: readonly Token[];
  now: () => number;
}) => {
  /** Whose payments: one's own, or everybody's. Errors: `forbidden`. */
  function payeeOf(call: { caller: Caller | undefined; query: { all: boolean } }): { payTo?: Address } {
    const { account } = callerOf(call);
    if (!call.query.all) return { payTo: account.address };
    if (account.role !== 'owner') throw new RequestError('forbidden', 403, 'Only the owner sees what others earn. Leave out "all".');
    return {};
  }

  const nameOf = async (offer: string): Promise<string> =>
    (await compute.offers.get(offer).catch(() => undefined))?.offer.name ?? offer.slice(0, 12);

  /** A page of payments after another as the lines of a table. */
  async function* rows(filter: { payTo?: Address }, before: number | undefined): AsyncGenerator<string> {
    yield toCsv(['id', 'time', 'offer', 'state', 'amount', 'token', 'network', 'payer', 'payee', 'scheme', 'transaction', 'reason']);
    const names = new Map<string, string>();
    let beforeId = before;
    for (let count = 0; count < mostRows; count += pageSize) {
      const page = await payments.history({ ...filter, limit: pageSize, ...(beforeId !== undefined && { beforeId }) });
      for (const row of page) {
        const name = names.get(row.offerId) ?? (await nameOf(row.offerId));
        names.set(row.offerId, name);
        const token = tokens.find(({ network, asset }) => network === row.network && asset === row.asset);
        const time = new Date(row.settledAt ?? row.reservedAt).toISOString();
        const amount = token ? formatUnits(row.amount, token.decimals) : String(row.amount);
        const facts = [row.network, row.payer, row.payTo, row.scheme, row.transaction ?? '', row.reason ?? ''];
        yield toCsv([String(row.id), time, name, row.state, amount, token?.symbol ?? row.asset, ...facts]);
      }
      beforeId = page.at(-1)?.id;
      if (page.length < pageSize) return;
    }
  }

  return [
    route({
      method: 'GET',
      path: '/api/earnings/report',
      policy: 'session',
      summary: 'What you earned per offer, payer and day, and what is pending, failed, released and at risk',
      query: z.strictObject({ days: z.coerce.number().int().min(1).max(366).default(30), all: everybody }),
      answer: earningsReport,
      async handle(call) {
        const filter = payeeOf(call);
        const since = (Math.floor(now() / day) - call.query.days + 1) * day;
        const [totals, found] = await Promise.all([payments.earnings(filter), payments.report({ ...filter, since, failures: 20 })]);
        const offers = await Promise.all(
          totals.map(async ({ offerId, payTo: _, ...total }) => ({ ...toSum(total), offer: offerId, name: await nameOf(offerId) })),
        );
        return {
          tokens: [...tokens],
          settled: together(totals).map(toSum),
          offers: offers.filter(({ payments: count }) => count > 0),
          days: found.days.map(({ day: at, ...sum }) => ({ ...toSum(sum), day: new Date(at).toISOString().slice(0, 10) })),
          payers: found.payers.map(({ payer, ...sum }) => ({ ...toSum(sum), payer })),
          pending: found.pending.map(toSum),
          exposure: found.exposure.map(toSum),
          failed: found.failed.map(toSum),
          released: found.released.map(toSum),
          failures: found.failures.map(toPayment),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/earnings/payments',
      policy: 'session',
      summary: 'Payments to you, newest first',
      query: z.strictObject({
        all: everybody,
        before: z.coerce.number().int().positive().optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answer: paymentList,
      async handle(call) {
        const { before, limit } = call.query;
        const page = await payments.history({ ...payeeOf(call), limit, ...(before !== undefined && { beforeId: before }) });
        return { payments: page.map(toPayment), next: page.length === limit ? (page.at(-1)?.id ?? null) : null };
      },
    }),
    route({
      method: 'GET',
      path: '/api/earnings.csv',
      policy: 'session',
      summary: 'Payments to you as a table for spreadsheets, newest first, at most 100,000',
      query: z.strictObject({ all: everybody, before: z.coerce.number().int().positive().optional() }),
      async handle(call) {
        const filter = payeeOf(call);
        return call.reply
          .headers({
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': 'attachment; filename="earnings.csv"',
            'cache-control': 'no-store',
            'x-content-type-options': 'nosniff',
          })
          .send(Readable.from(rows(filter, call.query.before)));
      },
    }),
  ];
};

const toSum = ({ network, asset, amount, payments }: Sum): EarningsSum => ({ network, asset, amount: String(amount), payments });

/** One sum for each token. */
function together(sums: readonly Sum[]): Sum[] {
  const byToken = Map.groupBy(sums, ({ network, asset }) => `${network} ${asset}`);
  return [...byToken.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { network, asset } = first;
    return {
      network,
      asset,
      amount: group.reduce((total, { amount }) => total + amount, 0n),
      payments: group.reduce((count, { payments }) => count + payments, 0),
    };
  });
}

const toPayment = ({
  id,
  scheme,
  network,
  asset,
  payer,
  payTo,
  amount,
  offerId,
  state,
  reason,
  transaction,
  reservedAt,
  settledAt,
}: Reservation): Payment => ({
  id,
  scheme,
  network,
  asset,
  payer,
  payTo,
  amount: String(amount),
  offer: offerId,
  state,
  reason: reason ?? null,
  transaction: transaction ?? null,
  reservedAt,
  settledAt: settledAt ?? null,
});
