import type { Offer, PaymentRequirements, Token } from '@freehold/protocol';
import type { Limits } from '../../limits.ts';

/**
 * How an offer can be paid by one EIP-3009 authorization per call: one requirement for each of its prices in a token that
 * this node takes. They follow from the offer and the node's configuration alone, so a payment can be held against them later.
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
    const maxTimeoutSeconds = Math.ceil((offer.limits.wallMs + limits.settleMarginMs + limits.clientDelayMs) / 1000);
    return [{ scheme: 'exact', network, amount, asset, payTo, maxTimeoutSeconds, extra: { name, version } }];
  });
}
