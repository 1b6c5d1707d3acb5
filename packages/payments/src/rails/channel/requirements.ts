import { channelScheme, type Address, type Offer, type PaymentRequirements, type Token } from '@freehold/protocol';
import type { Limits } from '../../limits.ts';

/** How many calls a first deposit should be for: it costs a transaction. */
const depositCalls = 10n;

/** How an offer can be paid from a channel: one requirement for each of its prices in a token that this node takes. */
export function channelRequirements({
  offer,
  tokens,
  authorizer,
  limits,
}: {
  offer: Offer;
  tokens: readonly Token[];
  authorizer: Address;
  limits: Limits;
}): PaymentRequirements[] {
  return offer.prices.flatMap(({ network, asset, amount, payTo }) => {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    if (!token || amount === '0') return [];
    const { name, version } = token.domain;
    const maxTimeoutSeconds = Math.ceil((offer.limits.wallMs + limits.settleMarginMs + limits.clientDelayMs) / 1000);
    const extra = {
      name,
      version,
      receiverAuthorizer: authorizer,
      withdrawDelay: limits.withdrawDelaySeconds,
      minDeposit: String(BigInt(amount) * depositCalls),
    };
    return [{ scheme: channelScheme, network, amount, asset, payTo, maxTimeoutSeconds, extra }];
  });
}
