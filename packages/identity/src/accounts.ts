import type { Database } from '@freehold/database';
import type { Account, Address, Role, SolanaWallet } from '@freehold/protocol';
import { isExpired } from './account.ts';
import { IdentityError } from './error.ts';
import type { Log } from './log.ts';
import { addressOf, walletIn } from './sign-in/sign-in.ts';
import * as store from './store.ts';

/** The allow-list: the owner, and the wallets that the owner let in. */
export function createAccounts({ database, now, log }: { database: Database; now: () => number; log: Log }) {
  async function find(address: Address): Promise<Account | undefined> {
    const account = await store.findAccount(database.read, address);
    return account && !isExpired(account, now()) ? account : undefined;
  }

  return {
    /** Oldest first, so the owner comes first. Expired guests are in it until they are removed. */
    accounts: (): Promise<Account[]> => store.listAccounts(database.read),

    /** Whether a wallet may sign in. */
    hasAccount: async (address: Address): Promise<boolean> => (await find(address)) !== undefined,

    /** The account of a wallet that may sign in. */
    account: find,

    /** The account that a wallet's name stands for, expired or not. */
    accountOf: (wallet: Address | SolanaWallet): Promise<Account | undefined> => store.findAccount(database.read, addressOf(wallet)),

    /**
     * Lets a wallet sign in, or changes the role and expiry of one that may. A guest without an expiry stays until removed.
     * Errors: `owner_protected`, `bad_expiry`.
     */
    async allow({
      address: named,
      role,
      expiresAt,
    }: {
      address: Address | SolanaWallet;
      role: Exclude<Role, 'owner'>;
      expiresAt?: number | null;
    }): Promise<Account> {
      const at = now();
      if (typeof expiresAt === 'number' && !(Number.isSafeInteger(expiresAt) && expiresAt > at)) {
        throw new IdentityError('bad_expiry', 422, 'The end of the invitation must lie in the future. Choose a later date.');
      }
      const address = addressOf(named);
      const account = await database.transaction(async (tx) => {
        const known = await store.findAccount(tx, address);
        if (known?.role === 'owner') throw protectedOwner();
        const account: Account = { address, role, createdAt: known?.createdAt ?? at, expiresAt: expiresAt ?? null, ...walletIn(named) };
        await store.putAccount(tx, account);
        return account;
      });
      log('identity.allowed', { address, role });
      return account;
    },

    /** Takes a wallet off the list and ends its sessions in the same commit. Errors: `account_unknown`, `owner_protected`. */
    async remove({ address }: { address: Address }): Promise<void> {
      await database.transaction(async (tx) => {
        const known = await store.findAccount(tx, address);
        if (!known) throw new IdentityError('account_unknown', 404, `${address} has no account on this node.`);
        if (known.role === 'owner') throw protectedOwner();
        await store.deleteAccount(tx, address);
      });
      log('identity.removed', { address });
    },
  };
}

const protectedOwner = () =>
  new IdentityError('owner_protected', 409, 'This is the wallet that owns the node: it cannot be removed, limited or given another role.');
