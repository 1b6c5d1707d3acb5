import { address, signature, toHex, toWalletJson, type Address, type Hex } from '@freehold/protocol';
import { WalletError, type Wallet } from './wallet.ts';

/** EIP-1193. */
export type Provider = { request(args: { method: string; params?: unknown[] }): Promise<unknown> };
/** EIP-6963. */
export type ProviderInfo = { uuid: string; name: string; icon: string; rdns: string };

/** Rejected by its person (EIP-1193), and a request that is already open. */
const rejectedCode = 4001;
const busyCode = -32002;

/** A wallet extension or app as the desktop sees it. Errors: WalletError. */
export function createBrowserWallet({ info, provider }: { info: ProviderInfo; provider: Provider }): Wallet {
  const ask = async (method: string, params: unknown[] = []) => {
    try {
      return await provider.request({ method, params });
    } catch (cause) {
      throw walletErrorOf(cause, info.name);
    }
  };
  const sign = async (method: string, params: unknown[]): Promise<Hex> => {
    const parsed = signature.safeParse(await ask(method, params));
    if (parsed.success) return parsed.data;
    throw new WalletError(
      'failed',
      400,
      `${info.name} answered with something that is not a signature. Use a wallet with an ordinary account.`,
    );
  };
  return {
    id: info.rdns,
    name: info.name,
    icon: info.icon.startsWith('data:image/') ? info.icon : null,
    async connect() {
      const accounts = await ask('eth_requestAccounts');
      const parsed = address.safeParse(Array.isArray(accounts) ? accounts[0] : undefined);
      if (!parsed.success)
        throw new WalletError('no_account', 400, `${info.name} shared no account. Unlock it, choose an account and try again.`);
      const chainId = Number(await ask('eth_chainId'));
      return { address: parsed.data, chainId: Number.isSafeInteger(chainId) && chainId > 0 ? chainId : undefined };
    },
    signMessage: (account: Address, text: string) => sign('personal_sign', [toHex(new TextEncoder().encode(text)), account]),
    signTypedData: (account, data) => sign('eth_signTypedData_v4', [account, toWalletJson(data)]),
  };
}

function walletErrorOf(cause: unknown, name: string): WalletError {
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (code === rejectedCode)
    return new WalletError('rejected', 400, `You declined in ${name}, so nothing happened. Try again and confirm there.`, { cause });
  if (code === busyCode)
    return new WalletError('busy', 400, `${name} is still showing an earlier request. Open it, answer that one, then try again.`, {
      cause,
    });
  return new WalletError('failed', 400, `${name} could not do this. Open it, make sure it is unlocked, and try again.`, { cause });
}
