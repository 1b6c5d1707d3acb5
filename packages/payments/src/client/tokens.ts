import { localToken } from '@freehold/contracts';
import { toAddress, type Token } from '@freehold/protocol';

/** Names of networks in budgets. */
export const networkNames: Readonly<Record<string, string>> = {
  Ethereum: 'eip155:1',
  Base: 'eip155:8453',
  BaseSepolia: 'eip155:84532',
  Local: localToken.network,
};

/** The tokens that a wallet pays with unless its owner says otherwise: addresses are fixed here, a seller cannot name another contract "USDC". */
export const knownTokens: readonly Token[] = [
  usdc('eip155:8453', '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913', 'USD Coin'),
  usdc('eip155:1', '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 'USD Coin'),
  usdc('eip155:84532', '0x036cbd53842c5426634e7929541ec2318f3dcf7e', 'USDC'),
  localToken,
];

function usdc(network: string, asset: string, name: string): Token {
  return { network, asset: toAddress(asset), symbol: 'USDC', decimals: 6, domain: { name, version: '2' } };
}
