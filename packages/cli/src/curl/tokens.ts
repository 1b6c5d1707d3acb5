import { token as tokenSchema, type Token } from '@freehold/protocol';

export const testChain = 'eip155:31337';

/**
 * Real money is only ever paid in these. The EIP-712 names are those of the contracts, which differ between chains; a payment signed under
 * another is worthless. Source: Circle's list of USDC addresses (facts: x402-and-os402 §1.4).
 */
const realTokens: readonly Token[] = [
  { network: 'eip155:8453', asset: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', symbol: 'USDC', decimals: 6, domain: { name: 'USD Coin', version: '2' } },
  { network: 'eip155:84532', asset: '0x036CbD53842c5426634e7929541eC2318f3dCF7e', symbol: 'USDC', decimals: 6, domain: { name: 'USDC', version: '2' } },
  { network: 'eip155:1', asset: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', symbol: 'USDC', decimals: 6, domain: { name: 'USD Coin', version: '2' } },
];

/** The tokens that a payment may be made in. What a node announces about its own token is believed for test money only. */
export async function trustedTokens({ origin, needsTestToken, signal }: { origin: string; needsTestToken: boolean; signal: AbortSignal }): Promise<Token[]> {
  const announced = needsTestToken ? await announcedToken(origin, signal) : undefined;
  return announced?.network === testChain ? [...realTokens, announced] : [...realTokens];
}

async function announcedToken(origin: string, signal: AbortSignal): Promise<Token | undefined> {
  try {
    const answer = await fetch(new URL('/api/node', origin), { redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
    return tokenSchema.parse(Reflect.get(Object(await answer.json()), 'token'));
  } catch {
    return undefined;
  }
}
