import type { AskContract } from '@freehold/identity';
import { chainIdOf } from '@freehold/protocol';
import type { NetworkSettings } from './payment-settings.ts';
import { createPublicClient, fallback, http, type PublicClient } from 'viem';

const patienceMs = 3_000;

/**
 * Asks smart accounts on the networks that the owner named whether a signature is theirs: ERC-1271, and ERC-6492 for those that are
 * not deployed yet. A chain that does not answer is none.
 */
export function askContracts(chains: readonly NetworkSettings[]): AskContract {
  const clients = new Map<number, PublicClient>();
  for (const { network, rpcUrls } of chains) {
    const transport = fallback(rpcUrls.map((url) => http(url, { timeout: patienceMs, retryCount: 0 })));
    clients.set(chainIdOf(network), createPublicClient({ transport }));
  }
  return async ({ address, chainId, digest, signature }) => {
    const client = clients.get(chainId);
    if (!client) return undefined;
    try {
      return await client.verifyHash({ address, hash: digest, signature });
    } catch {
      return undefined;
    }
  };
}
