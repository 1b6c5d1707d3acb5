import { batchSettlementAbi } from '@freehold/contracts';
import { chainIdOf, channelContracts, toAddress, toHex, type Hex } from '@freehold/protocol';
import { createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { PaymentError } from '../../error.ts';
import { channelIdOf, type ChannelState } from './channel.ts';

export type Withdrawal =
  /** The money is on its way to the wallet. */
  | { kind: 'done'; amount: bigint; transaction: Hex }
  /** Notice was given, or had been; milliseconds since the epoch. */
  | { kind: 'waiting'; amount: bigint; readyAt: number; transaction?: Hex };

/**
 * Takes back what is left of a channel without its seller: gives notice, and after the delay of the channel finishes it. Which of the two is
 * due, the chain says. Errors: `payment_channel`.
 */
export async function withdrawChannel({
  state: { network, config },
  key,
  rpcUrl,
  now,
}: {
  state: ChannelState;
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
  const contract = { address: toAddress(channelContracts.settlement), abi: batchSettlementAbi } as const;
  const id = channelIdOf(network, config);
  try {
    const [balance, claimed] = await reader.readContract({ ...contract, functionName: 'channels', args: [id] });
    const [pending, since] = await reader.readContract({ ...contract, functionName: 'pendingWithdrawals', args: [id] });
    const left = balance - claimed;
    if (left === 0n) throw new PaymentError('payment_channel', 'Nothing is left in the channel.');
    const readyAt = (since + config.withdrawDelay) * 1000;
    if (pending > 0n && readyAt > now()) return { kind: 'waiting', amount: pending, readyAt };
    const isFirst = pending === 0n;
    const transaction = isFirst
      ? await wallet.writeContract({ ...contract, functionName: 'initiateWithdraw', args: [config, left] })
      : await wallet.writeContract({ ...contract, functionName: 'finalizeWithdraw', args: [config] });
    const receipt = await reader.waitForTransactionReceipt({ hash: transaction });
    if (receipt.status !== 'success') throw new PaymentError('payment_channel', `The chain refused the withdrawal (tx ${transaction}).`);
    if (!isFirst) return { kind: 'done', amount: pending < left ? pending : left, transaction };
    return { kind: 'waiting', amount: left, readyAt: now() + config.withdrawDelay * 1000, transaction };
  } catch (cause) {
    if (cause instanceof PaymentError) throw cause;
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new PaymentError('payment_channel', `The chain ${network} could not be asked or refused: ${why}`, { cause });
  }
}
