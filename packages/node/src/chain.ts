import { balanceOf, type LocalChain } from '@freehold/contracts';
import type { ChainSettings } from '@freehold/payments';
import type { Token } from '@freehold/protocol';
import { createPublicClient, fallback, http } from 'viem';
import type { PaymentSettings } from './payment-settings.ts';
import type { ChainAccess } from './routes/chain.ts';

export type Chain = ChainAccess & { rpcUrl: string | undefined };

/** The chains that this node settles on, and the one of its first token as its routes see it. */
export type Chains = { settings: readonly ChainSettings[]; tokens: readonly Token[]; first: Chain | undefined };

/** The networks of the owner's settings, then the embedded chain where it runs. */
export function openChains({ networks, tokens }: Pick<PaymentSettings, 'networks' | 'tokens'>, localChain: LocalChain | undefined): Chains {
  const settings: ChainSettings[] = [...networks, ...(localChain ? [{ network: localChain.network, rpcUrls: [localChain.rpcUrl] }] : [])];
  const all = [...tokens, ...(localChain ? [localChain.token] : [])];
  const [first] = all;
  return { settings, tokens: all, first: first && openChain({ token: first, settings, localChain }) };
}

function openChain({
  token,
  settings,
  localChain,
}: {
  token: Token;
  settings: readonly ChainSettings[];
  localChain: LocalChain | undefined;
}): Chain {
  const { rpcUrls = [] } = settings.find(({ network }) => network === token.network) ?? {};
  const transport = fallback(rpcUrls.map((url) => http(url, { timeout: 5_000, retryCount: 1 })));
  const client = createPublicClient({ transport });
  const isLocal = localChain?.network === token.network;
  return {
    token,
    // The address of another's server may hold a key of the owner's.
    rpcUrl: isLocal ? localChain?.rpcUrl : undefined,
    balanceOf: (holder) => balanceOf(client, { asset: token.asset, holder }),
    fund: isLocal ? (holder, amount) => localChain.fund(holder, amount) : undefined,
  };
}
