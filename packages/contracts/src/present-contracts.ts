import { chainIdOf, type Address, type Hex } from '@freehold/protocol';
import { BaseError, hashTypedData, HttpRequestError, TimeoutError } from 'viem';
import { getCode, readContract } from 'viem/actions';
import { chainEntry, type ContractName } from './address-book.ts';
import { channelDomain, channelTypes } from './channel.ts';
import { batchSettlementAbi } from './generated/abi.ts';
import type { ChainClient } from './token.ts';

/**
 * The contracts of the address book that this chain really has, by asking it. An address of ours is decided by the code of
 * the contract and its arguments (CREATE2), so whatever code is there is ours. A channel contract that others deployed must
 * hash vouchers as ours does.
 */
export async function presentContracts(client: ChainClient, network: string): Promise<Partial<Record<ContractName, Address>>> {
  const entry = chainEntry(network);
  if (!entry) return {};
  const { escrow, registry, resolver, dstackVerifier, channel, depositCollector, multicall3 } = entry.contracts;
  const wanted: [ContractName, Address][] = [
    ['escrow', escrow.address],
    ['registry', registry.address],
    ['resolver', resolver.address],
    ['dstackVerifier', dstackVerifier.address],
    ['channel', channel.address],
    ['depositCollector', depositCollector.address],
    ['multicall3', multicall3.address],
  ];
  const present = await Promise.all(
    wanted.map(async ([name, address]) => {
      if ((await getCode(client, { address })) === undefined) return false;
      return name !== 'channel' || speaksOurVouchers(client, { channel: address, chainId: chainIdOf(network) });
    }),
  );
  return Object.fromEntries(wanted.filter((_, index) => present[index]));
}

async function speaksOurVouchers(client: ChainClient, { channel, chainId }: { channel: Address; chainId: number }): Promise<boolean> {
  const [channelId, maxClaimableAmount]: [Hex, bigint] = [`0x${'5a'.repeat(32)}`, 1n];
  const digest = hashTypedData({
    domain: channelDomain({ chainId, channel }),
    types: channelTypes,
    primaryType: 'Voucher',
    message: { channelId, maxClaimableAmount },
  });
  const call = {
    address: channel,
    abi: batchSettlementAbi,
    functionName: 'getVoucherDigest',
    args: [channelId, maxClaimableAmount],
  } as const;
  const answer = await readContract(client, call).catch((error: unknown) => {
    // A contract that does not know the question is another contract; a chain that does not answer is asked again by the caller.
    if (error instanceof BaseError && error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError))
      throw error;
    return undefined;
  });
  return answer === digest;
}
