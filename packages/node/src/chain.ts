import { balanceOf, type LocalChain } from '@freehold/contracts';
import type { Token } from '@freehold/protocol';
import { createPublicClient, http } from 'viem';
import type { ChainAccess } from './routes/chain.ts';

export type Chain = ChainAccess & { rpcUrl: string; token: Token };

/** The chain that this node settles on, as its routes see it. Today it is always the embedded one. */
export function openChain(localChain: LocalChain): Chain {
  const client = createPublicClient({ transport: http(localChain.rpcUrl, { timeout: 5_000, retryCount: 1 }) });
  return {
    token: localChain.token,
    rpcUrl: localChain.rpcUrl,
    balanceOf: (holder) => balanceOf(client, { asset: localChain.token.asset, holder }),
    fund: (holder, amount) => localChain.fund(holder, amount),
  };
}
