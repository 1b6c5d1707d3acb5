import { z } from 'zod';
import { address } from './address.ts';

/** CAIP-2 name of an EVM chain, such as `eip155:8453`. */
export const network = z.string().regex(/^eip155:[1-9][0-9]{0,15}$/, 'must be an EVM network such as eip155:8453');

/** A token that a node takes: its place, and the EIP-712 domain under which EIP-3009 authorizations for it are signed. */
export const token = z.object({
  network,
  asset: address,
  symbol: z.string(),
  decimals: z.number().int().min(0).max(36),
  /** EIP-712 domain `name` and `version` of the token contract; they differ between chains ("USD Coin", "USDC"). */
  domain: z.object({ name: z.string(), version: z.string() }),
});
export type Token = z.output<typeof token>;

export const chainIdOf = (caip2: string): number => Number(caip2.slice('eip155:'.length));

const labels: Readonly<Record<string, string>> = {
  'eip155:1': 'Ethereum',
  'eip155:8453': 'Base',
  'eip155:84532': 'Base Sepolia',
  'eip155:31337': 'the local test chain',
};

/** What a person calls a network. */
export const networkLabel = (caip2: string): string => labels[caip2] ?? caip2;
