import { parseUnits, type Offer, type PaymentRequirements, type Token } from '@freehold/protocol';
import type { Limits } from '../../limits.ts';

/**
 * How an offer can be paid by one EIP-3009 authorization per call: one requirement for each of its prices in a token that
 * this node takes. Long and dear work is paid upfront: nobody can empty his wallet meanwhile. They follow from the offer and the node's configuration alone, so a payment can be held against them later.
 */
export function exactRequirements({
  offer,
  tokens,
  limits,
}: {
  offer: Offer;
  tokens: readonly Token[];
  limits: Limits;
}): PaymentRequirements[] {
  return offer.prices.flatMap(({ network, asset, amount, payTo }) => {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token) return [];
    const { name, version } = token.domain;
    const isUpfront = offer.limits.wallMs >= limits.upfrontFromMs || BigInt(amount) >= parseUnits(limits.upfrontFrom, token.decimals);
    const maxTimeoutSeconds = Math.ceil((offer.limits.wallMs + limits.settleMarginMs + limits.clientDelayMs) / 1000);
    return [
      {
        scheme: 'exact',
        network,
        amount,
        asset,
        payTo,
        maxTimeoutSeconds,
        extra: { name, version, ...(isUpfront && { paymentFlow: 'upfront' }) },
      },
    ];
  });
}
