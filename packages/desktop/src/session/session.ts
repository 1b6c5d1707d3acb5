import type { Account, Address, Hex, NodeInfo, TypedData } from '@freehold/protocol';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { AccountApi } from '../api/account.ts';
import { isCode, messageOf } from '../api/error.ts';
import { askPasskey, makePasskey } from './passkey.ts';
import { WalletError, type Wallet } from './wallet.ts';

export type SessionState =
  | { phase: 'starting' }
  | { phase: 'unreachable'; message: string }
  | { phase: 'signedOut'; node: NodeInfo; notice: string | null }
  | { phase: 'signedIn'; node: NodeInfo; account: Account };

export type SessionControl = {
  store: StoreApi<SessionState>;
  start(): Promise<void>;
  signIn(options: { wallet: Wallet; claimCode?: string }): Promise<void>;
  /** Errors: WalletError, ApiError. */
  signInWithPasskey(): Promise<void>;
  /** Makes an account with a wallet that the node keeps, and the passkey that signs in for it. Errors: WalletError, ApiError. */
  signUp(options: { email: string; userId: string }): Promise<void>;
  signOut(): Promise<void>;
  /** The node said that the session is over. */
  expire(): void;
  /** Signs with the wallet that signed in. Errors: WalletError. */
  signTypedData(data: TypedData): Promise<Hex>;
};

type Dependencies = {
  api: AccountApi;
  /** All wallets that can be reached now. */
  wallets: () => readonly Wallet[];
  /** Where the id of the wallet that signed in is remembered. */
  storage: Pick<Storage, 'getItem' | 'setItem'>;
};

const walletItem = 'freehold.wallet';

export function createSession({ api, wallets, storage }: Dependencies): SessionControl {
  const store = createStore<SessionState>(() => ({ phase: 'starting' }));
  const set = (state: SessionState) => store.setState(state, true);

  const signedOut = async (notice: string | null) => set({ phase: 'signedOut', node: await api.node(), notice });

  return {
    store,
    async start() {
      set({ phase: 'starting' });
      try {
        const [node, current] = await Promise.all([api.node(), api.current().catch(orNull)]);
        set(current ? { phase: 'signedIn', node, account: current.account } : { phase: 'signedOut', node, notice: null });
      } catch (error) {
        set({ phase: 'unreachable', message: messageOf(error) });
      }
    },
    async signIn({ wallet, claimCode }) {
      const { address, chainId } = await wallet.connect();
      const { nonce, message } = await api.challenge({ address, ...(chainId === undefined ? {} : { chainId }) });
      const signature = await wallet.signMessage(address, message);
      const { account } = await api.login({ nonce, signature, ...(claimCode ? { claimCode } : {}) });
      storage.setItem(walletItem, wallet.id);
      set({ phase: 'signedIn', node: await api.node(), account });
    },
    async signInWithPasskey() {
      const { account } = await api.loginWithPasskey({ passkey: await askPasskey(await api.passkeyChallenge()) });
      set({ phase: 'signedIn', node: await api.node(), account });
    },
    async signUp(person) {
      await api.signUp(person);
      // The account ends within the hour without one: a person who declines now is told, and may add it later.
      const passkey = await makePasskey(await api.passkeyOptions()).catch(() => undefined);
      if (passkey !== undefined) await api.addPasskey({ label: 'Made when signing up', passkey });
      const { account } = await api.current();
      set({ phase: 'signedIn', node: await api.node(), account });
    },
    async signOut() {
      await api.logout();
      await signedOut(null);
    },
    expire() {
      const state = store.getState();
      if (state.phase === 'signedIn')
        set({ phase: 'signedOut', node: state.node, notice: 'You were signed out of this node. Sign in again to go on.' });
    },
    async signTypedData(data) {
      const state = store.getState();
      if (state.phase !== 'signedIn') throw new WalletError('no_wallet', 401, 'Sign in first.');
      const owner = state.account.address;
      const wallet = wallets().find(({ id }) => id === storage.getItem(walletItem));
      if (!wallet)
        throw new WalletError(
          'no_wallet',
          400,
          'The wallet that you signed in with is not in this browser. Sign out, then sign in with the wallet you have here.',
        );
      const { address } = await wallet.connect();
      if (address !== owner) throw otherAccount(wallet.name, owner);
      return wallet.signTypedData(owner, data);
    },
  };
}

const orNull = (error: unknown) => {
  if (isCode(error, 'signed_out')) return null;
  throw error;
};

const otherAccount = (name: string, owner: Address) =>
  new WalletError(
    'other_account',
    400,
    `${name} is on another account. Switch it to ${owner}, with which you are signed in, and try again.`,
  );
