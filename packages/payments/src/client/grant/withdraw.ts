import { escrowAbi } from '@freehold/contracts';
import { chainIdOf, toHex, type Hex } from '@freehold/protocol';
import { createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Withdrawal } from '../channel/withdraw.ts';
import { PaymentError } from '../../error.ts';
import type { GrantState } from './grant.ts';

/**
 * Takes back what is left of a grant: gives its seller notice, and a day later closes it and sends the money to the wallet. Which of the two is due,
 * the chain says. Errors: `payment_channel`.
 */
export async function withdrawGrant({
  state: { network, escrow, provider },
  key,
  rpcUrl,
  now,
}: {
  state: GrantState;
  key: Uint8Array;
  rpcUrl: string;
  now: () => number;
}): Promise<Withdrawal> {
  const account = privateKeyToAccount(toHex(key));
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
  const chain = defineChain({ id: chainIdOf(network), name: network, nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } });
  const transport = http(rpcUrl);
  const reader = createPublicClient({ chain, transport, cacheTime: 0, pollingInterval: 250 });
  const wallet = createWalletClient({ account, chain, transport });
  const contract = { address: escrow, abi: escrowAbi } as const;
  const confirmed = async (sent: Promise<Hex>): Promise<Hex> => {
    const hash = await sent;
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new PaymentError('payment_channel', `The chain refused the withdrawal (tx ${hash}).`);
    return hash;
  };
  try {
    const grant = await reader.readContract({ ...contract, functionName: 'grant', args: [account.address, provider] });
    const left = grant.budget - grant.spent;
    if (grant.budget > 0n) {
      if (grant.unlockAt === 0) {
        const transaction = await confirmed(wallet.writeContract({ ...contract, functionName: 'revoke', args: [provider] }));
        const { unlockAt } = await reader.readContract({ ...contract, functionName: 'grant', args: [account.address, provider] });
        return { kind: 'waiting', amount: left, readyAt: unlockAt * 1000, transaction };
      }
      if (grant.unlockAt * 1000 > now()) return { kind: 'waiting', amount: left, readyAt: grant.unlockAt * 1000 };
      await confirmed(wallet.writeContract({ ...contract, functionName: 'close', args: [account.address, provider] }));
    }
    const free = await reader.readContract({ ...contract, functionName: 'balanceOf', args: [account.address] });
    if (free === 0n) throw new PaymentError('payment_channel', 'Nothing is left in the grant.');
    const transaction = await confirmed(wallet.writeContract({ ...contract, functionName: 'withdraw', args: [account.address, free] }));
    return { kind: 'done', amount: free, transaction };
  } catch (cause) {
    if (cause instanceof PaymentError) throw cause;
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new PaymentError('payment_channel', `The chain ${network} could not be asked or refused: ${why}`, { cause });
  }
}
