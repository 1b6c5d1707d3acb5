import { chainIdOf } from '@freehold/protocol';
import { createClient, type Client } from 'viem';
import { openEndpoints, type EndpointsLog } from './endpoints.ts';

export { chainFailure, type ChainFailure } from './chain-failure.ts';

/** Where a network is reached, and from when on the node believes it. */
export type ChainSettings = {
  network: string;
  /** JSON-RPC addresses, the preferred one first: the next one is asked when one does not answer. */
  rpcUrls: readonly string[];
  /** Blocks, its own included, that a transaction must be in before what it pays for is given out. One unless said otherwise. */
  confirmations?: number;
};
export type Chain = { network: string; chainId: number; confirmations: bigint; client: Client };

/** Retrying is left to those who know what they wait for. */
export function connectChain(
  { network, rpcUrls, confirmations = 1 }: ChainSettings,
  { now, log }: { now: () => number; log: EndpointsLog },
): Chain {
  const chainId = chainIdOf(network);
  const transport = openEndpoints({ network, chainId, rpcUrls, now, log });
  return { network, chainId, confirmations: BigInt(confirmations), client: createClient({ transport }) };
}
