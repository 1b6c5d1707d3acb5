import type { Offer, Price } from '@freehold/protocol';

/** What a run took. */
export type Usage = {
  /** Microseconds. */
  wallUs: number;
  /** WebAssembly instructions, where they are counted. */
  fuel?: number;
};

/** How the price of a call follows from what its run took. Absent: the price is for the call. */
export type Meter = {
  per: 'second' | 'mfuel';
  /** Of one second, or of a million instructions; atomic units. */ unit: bigint;
  minimumMs: number;
};

/** The meter of the price that a payment accepts, of the offer as its seller signed it. */
export function meterOf(signed: Offer, { network, asset, payTo }: Pick<Price, 'network' | 'asset' | 'payTo'>): Meter | undefined {
  const price = signed.prices.find((one) => one.network === network && one.asset === asset && one.payTo === payTo);
  if (price?.per === undefined || price.per === 'call') return undefined;
  return { per: price.per, unit: BigInt(price.amount), minimumMs: signed.minimumMs ?? 0 };
}

/**
 * What a run that is worth money is charged, of the `most` that its payment is good for. Each second or million instructions that began
 * counts; none is charged less than the first, nor less than the shortest time of the offer. Whether a run is worth money at all, and so whether a
 * failure is (`chargeOnError`), is judged where it ran: what is not is released.
 */
export function chargeOf({ most, meter, usage }: { most: bigint; meter: Meter | undefined; usage: Usage | undefined }): bigint {
  if (!meter) return most;
  const units = meter.per === 'second' ? secondsOf(usage?.wallUs ?? 0, meter.minimumMs) : ceilingOf(BigInt(usage?.fuel ?? 0), 1_000_000n);
  const amount = larger(units, 1n) * meter.unit;
  return amount < most ? amount : most;
}

const secondsOf = (wallUs: number, minimumMs: number): bigint =>
  larger(ceilingOf(BigInt(wallUs), 1_000_000n), ceilingOf(BigInt(minimumMs), 1_000n));

/**
 * The offer as it is sold for one call: each price as the most that the call may come to. A price per second is for all the seconds that it may
 * take, one per million instructions for all that it may execute: payments are signed before the work is done.
 */
export function priceCall(offer: Offer, wallMs = offer.limits.wallMs): Offer {
  const limits = { ...offer.limits, wallMs };
  if (offer.prices.every(({ per = 'call' }) => per === 'call') && wallMs === offer.limits.wallMs) return offer;
  return {
    ...offer,
    limits,
    prices: offer.prices.map((price) => ({ ...price, amount: String(mostUnits(price, offer, wallMs) * BigInt(price.amount)) })),
  };
}

function mostUnits({ per = 'call' }: Price, { limits: { fuel = 0 }, minimumMs = 0 }: Offer, wallMs: number): bigint {
  if (per === 'second') return ceilingOf(larger(BigInt(wallMs), BigInt(minimumMs)), 1_000n);
  return per === 'mfuel' ? ceilingOf(BigInt(fuel), 1_000_000n) : 1n;
}

export const isFree = ({ prices }: Offer): boolean => prices.some(({ amount }) => amount === '0');

const ceilingOf = (value: bigint, unit: bigint): bigint => (value + unit - 1n) / unit;
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
