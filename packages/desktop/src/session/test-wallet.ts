import type { Address, Hex } from '@freehold/protocol';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { LocalKey } from './local-key.ts';
import type { Vault } from './vault.ts';
import { WalletError, type Wallet } from './wallet.ts';

export const testWalletId = 'local';

export type TestWallet = {
  /** Undefined until `start` has looked; null when this browser has none. */
  store: StoreApi<{ address: Address | null | undefined }>;
  wallet: Wallet;
  start(): Promise<void>;
  create(): Promise<Address>;
  /** The private key, for `freehold curl`. */
  reveal(): Promise<Hex>;
};

/** A wallet that lives in this browser only, for test money and for trying things out. */
export function createTestWallet({ vault, isSecureContext }: { vault: Vault; isSecureContext: boolean }): TestWallet {
  const store = createStore<{ address: Address | null | undefined }>(() => ({ address: undefined }));
  let opened: LocalKey | undefined;

  const key = async (): Promise<LocalKey> => {
    if (opened) return opened;
    const secret = await vault.read();
    if (secret === undefined)
      throw new WalletError('no_wallet', 400, 'This browser has no local test wallet any more. Create one, or use another wallet.');
    const { openLocalKey } = await import('./local-key.ts');
    return (opened = openLocalKey(secret));
  };
  const keyOf = async (account: Address) => {
    const found = await key();
    if (found.address === account) return found;
    throw new WalletError('other_account', 400, `The local test wallet holds ${found.address}, not the account you are signed in with.`);
  };

  return {
    store,
    wallet: {
      id: testWalletId,
      name: 'Local test wallet',
      icon: null,
      connect: async () => ({ address: (await key()).address, chainId: undefined }),
      signMessage: async (account, text) => (await keyOf(account)).signMessage(text),
      signTypedData: async (account, data) => (await keyOf(account)).signTypedData(data),
    },
    async start() {
      const found = isSecureContext ? await key().catch(() => null) : null;
      store.setState({ address: found?.address ?? null });
    },
    async create() {
      if (!isSecureContext) {
        throw new WalletError(
          'unavailable',
          400,
          'A browser keeps keys safely only on https or localhost. Open this node on its own machine, or use a wallet extension.',
        );
      }
      const { newPrivateKey, openLocalKey } = await import('./local-key.ts');
      const created = openLocalKey(newPrivateKey());
      await vault.write(created.privateKey);
      opened = created;
      store.setState({ address: created.address });
      return created.address;
    },
    reveal: async () => (await key()).privateKey,
  };
}
