import {
  channelKind,
  grantKind,
  readChannelState,
  readGrantState,
  type ChannelState,
  type ClientStore,
  type GrantState,
} from '@freehold/payments';

/** Money that waits for one seller: a channel of x402, or a grant of the Escrow. */
export type OpenTab = {
  id: string;
  payee: string;
  network: string;
  symbol: string;
  decimals: number;
  url: string;
  charged: bigint;
  left: bigint;
} & ({ kind: 'channel'; state: ChannelState } | { kind: 'grant'; state: GrantState });

export async function listTabs(store: ClientStore, filter: { payer?: string } = {}): Promise<OpenTab[]> {
  const stored = await store.channels.list({ ...filter, limit: 1000 });
  return stored.flatMap(({ id, kind, state: text }): OpenTab[] => {
    if (kind === channelKind) {
      const state = readChannelState(text);
      const { network, symbol, decimals, url, charged, balance, config } = state;
      return [{ id, kind: 'channel', state, network, symbol, decimals, url, charged, left: balance - charged, payee: config.receiver }];
    }
    if (kind !== grantKind) return [];
    const state = readGrantState(text);
    const { network, symbol, decimals, url, charged, budget, provider } = state;
    return [{ id, kind: 'grant', state, network, symbol, decimals, url, charged, left: budget - charged, payee: provider }];
  });
}
