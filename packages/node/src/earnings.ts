import type { Total } from '@freehold/payments';
import type { Token } from '@freehold/protocol';

/** The sum of what was settled in the node's token, in atomic units as a decimal string. */
export const sumOf = (totals: readonly Total[], token: Token | null): string =>
  totals
    .filter(({ network, asset }) => network === token?.network && asset === token.asset)
    .reduce((sum, { amount }) => sum + amount, 0n)
    .toString();
