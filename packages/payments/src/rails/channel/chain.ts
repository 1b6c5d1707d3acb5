import { batchSettlementAbi } from '@freehold/contracts';
import { channelConfig, type Address, type ChannelConfig, type Hex } from '@freehold/protocol';
import { readContract } from 'viem/actions';
import type { Chain } from '../exact/chain.ts';
import type { Tab, TabState } from '../../tabs/tab.ts';

/** What the contract says of a channel: one batch of requests. */
export async function readChannel({ chain, contract, id }: { chain: Chain; contract: Address; id: Hex }): Promise<TabState> {
  const { client } = chain;
  const call = { address: contract, abi: batchSettlementAbi, args: [id] } as const;
  const [[balance, claimed], [, initiatedAt], refundNonce] = await Promise.all([
    readContract(client, { ...call, functionName: 'channels' }),
    readContract(client, { ...call, functionName: 'pendingWithdrawals' }),
    readContract(client, { ...call, functionName: 'refundNonce' }),
  ]);
  return { balance, claimed, refundNonce, closingAt: initiatedAt === 0 ? undefined : initiatedAt * 1000, isOver: balance === claimed };
}

export const configOf = ({ terms }: Pick<Tab, 'terms'>): ChannelConfig => channelConfig.parse(JSON.parse(terms));
