import { formatUnits, type Token } from '@freehold/protocol';

/** "0.01 USDC". An amount in a token that this node does not know is shown in its atomic units. */
export function formatMoney(amount: string, token: Token | null): string {
  if (!token) return `${amount} units`;
  return `${formatUnits(BigInt(amount), token.decimals)} ${token.symbol}`;
}

export const formatPrice = (amount: string, token: Token | null): string => (amount === '0' ? 'Free' : formatMoney(amount, token));
