import type { EarningsReport } from '@freehold/protocol';

export type Bar = { day: string; amount: string; payments: number; /** Of the highest, in thousandths. */ height: number };

const dayMs = 86_400_000;

/** One bar a day of one token, days without a sale included, the oldest first. */
export function barsOf(
  { days }: Pick<EarningsReport, 'days'>,
  token: { network: string; asset: string },
  count: number,
  now: number,
): Bar[] {
  const own = new Map(days.filter(({ network, asset }) => network === token.network && asset === token.asset).map((row) => [row.day, row]));
  const most = [...own.values()].map(({ amount }) => BigInt(amount)).reduce((high, value) => (value > high ? value : high), 0n);
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(now - (count - 1 - index) * dayMs).toISOString().slice(0, 10);
    const { amount = '0', payments = 0 } = own.get(day) ?? {};
    return { day, amount, payments, height: thousandths(BigInt(amount), most) };
  });
}

/** What is drawn is a share of the page, no money any more. */
const thousandths = (part: bigint, whole: bigint): number => (whole === 0n ? 0 : Number((part * 1000n) / whole));
