import { authorizationState, balanceOf } from '@freehold/contracts';
import { chainIdOf, type Address, type Token } from '@freehold/protocol';
import { createPublicClient, defineChain, http } from 'viem';
import type { SpendEntry } from './ledger.ts';

/** What a wallet asks of chains. Undefined for a network where it knows nobody to ask. */
export type ChainReader = {
  balanceOf(token: Pick<Token, 'network' | 'asset'>, holder: Address): Promise<bigint> | undefined;
  /** Whether a payment was cashed. A used or cancelled authorization can never move money again; an unused one that has expired neither. */
  wasUsed(entry: SpendEntry): Promise<boolean | undefined>;
  client(network: string): ReturnType<typeof createPublicClient> | undefined;
};

/** `rpc` has the address of an RPC server by network, such as `eip155:8453`. */
export function openChainReader(rpc: Readonly<Record<string, string>>): ChainReader {
  const clients = new Map<string, ReturnType<typeof createPublicClient>>();
  function client(network: string) {
    const url = rpc[network];
    if (url === undefined) return undefined;
    const known = clients.get(network);
    if (known) return known;
    const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
    const chain = defineChain({ id: chainIdOf(network), name: network, nativeCurrency, rpcUrls: { default: { http: [url] } } });
    const opened = createPublicClient({ chain, transport: http(url, { retryCount: 1, timeout: 10_000 }), cacheTime: 0 });
    clients.set(network, opened);
    return opened;
  }
  return {
    client,
    balanceOf({ network, asset }, holder) {
      const chain = client(network);
      return chain && balanceOf(chain, { asset, holder });
    },
    async wasUsed({ scheme, token, payer, reference }) {
      const chain = scheme === 'exact' ? client(token.network) : undefined;
      return chain && (await authorizationState(chain, { asset: token.asset, payer, nonce: reference }));
    },
  };
}
