import type { Offer, Price } from '@freehold/protocol';

/**
 * The offer as it is sold for one call: each price as the amount of the call. A price per second is for all the seconds that the
 * call may take, one per million instructions for all that it may execute: `exact` payments are signed before the work is done.
 */
export function priceCall(offer: Offer, wallMs = offer.limits.wallMs): Offer {
  const limits = { ...offer.limits, wallMs };
  if (offer.prices.every(({ per = 'call' }) => per === 'call') && wallMs === offer.limits.wallMs) return offer;
  return {
    ...offer,
    limits,
    prices: offer.prices.map((price) => ({ ...price, amount: String(unitsOf(price, offer, wallMs) * BigInt(price.amount)) })),
  };
}

function unitsOf({ per = 'call' }: Price, { limits: { fuel = 0 }, minimumMs = 0 }: Offer, wallMs: number): bigint {
  if (per === 'second') return BigInt(Math.ceil(Math.max(wallMs, minimumMs) / 1000));
  return per === 'mfuel' ? BigInt(Math.ceil(fuel / 1_000_000)) : 1n;
}

export const isFree = ({ prices }: Offer): boolean => prices.some(({ amount }) => amount === '0');
