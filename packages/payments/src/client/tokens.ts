import { localToken } from '@freehold/contracts';
import { toAddress, type Token } from '@freehold/protocol';

/** Names of networks in budgets; `base-sepolia` means BaseSepolia, too, as version 1 of x402 has it. */
export const networkNames: Readonly<Record<string, string>> = {
  Ethereum: 'eip155:1',
  Base: 'eip155:8453',
  BaseSepolia: 'eip155:84532',
  Arbitrum: 'eip155:42161',
  Optimism: 'eip155:10',
  Polygon: 'eip155:137',
  Avalanche: 'eip155:43114',
  Local: localToken.network,
};

/** The tokens that a wallet pays with unless its owner says otherwise: addresses are fixed here, a seller cannot name another contract "USDC". */
export const knownTokens: readonly Token[] = [
  usdc('eip155:8453', '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913', 'USD Coin'),
  usdc('eip155:1', '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 'USD Coin'),
  usdc('eip155:84532', '0x036cbd53842c5426634e7929541ec2318f3dcf7e', 'USDC'),
  usdc('eip155:42161', '0xaf88d065e77c8cc2239327c5edb3a432268e5831', 'USD Coin'),
  usdc('eip155:10', '0x0b2c639c533813f4aa9d7837caf62653d097ff85', 'USD Coin'),
  usdc('eip155:137', '0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', 'USD Coin'),
  usdc('eip155:43114', '0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e', 'USD Coin'),
  localToken,
];

function usdc(network: string, asset: string, name: string): Token {
  return { network, asset: toAddress(asset), symbol: 'USDC', decimals: 6, domain: { name, version: '2' } };
}
