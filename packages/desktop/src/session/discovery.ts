import { createStore, type StoreApi } from 'zustand/vanilla';
import { createBrowserWallet, type Provider, type ProviderInfo } from './browser-wallet.ts';
import type { Wallet } from './wallet.ts';

export type Discovery = { store: StoreApi<readonly Wallet[]>; start(): void; stop(): void };

/** Finds the wallets that are installed in this browser (EIP-6963): each announces itself when asked. */
export function createDiscovery(target: EventTarget): Discovery {
  const store = createStore<readonly Wallet[]>(() => []);
  const found = new Set<string>();
  const listen = (event: Event) => {
    const detail: unknown = event instanceof CustomEvent ? event.detail : undefined;
    if (!isAnnouncement(detail) || found.has(detail.info.uuid)) return;
    found.add(detail.info.uuid);
    store.setState([...store.getState(), createBrowserWallet(detail)], true);
  };
  return {
    store,
    start() {
      target.addEventListener('eip6963:announceProvider', listen);
      target.dispatchEvent(new Event('eip6963:requestProvider'));
    },
    stop: () => target.removeEventListener('eip6963:announceProvider', listen),
  };
}

function isAnnouncement(value: unknown): value is { info: ProviderInfo; provider: Provider } {
  if (!isObject(value) || !isObject(value['info']) || !isObject(value['provider'])) return false;
  const { info, provider } = value;
  const isNamed = [info['uuid'], info['name'], info['icon'], info['rdns']].every((text) => typeof text === 'string');
  return isNamed && typeof provider['request'] === 'function';
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
