import type { Address } from '@freehold/protocol';
import { getCode } from 'viem/actions';
import { chainEntry, type ContractName } from './address-book.ts';
import { deploymentsFor } from './deployments.ts';
import type { ChainClient } from './token.ts';

/**
 * The contracts of the address book that this chain really has, by asking it for their code. An address that our deployer
 * gave away is decided by the code and its arguments, so code found there is ours. Of the contracts of others only their
 * being there is told.
 */
export async function presentContracts(client: ChainClient, network: string): Promise<Partial<Record<ContractName, Address>>> {
  const entry = chainEntry(network);
  if (!entry) return {};
  const { escrow } = deploymentsFor(entry.token);
  const { channel, depositCollector, multicall3 } = entry.contracts;
  const wanted: [ContractName, Address][] = [
    ['escrow', escrow.address],
    ['channel', channel.address],
    ['depositCollector', depositCollector.address],
    ['multicall3', multicall3.address],
  ];
  const present = await Promise.all(wanted.map(async ([, address]) => (await getCode(client, { address })) !== undefined));
  return Object.fromEntries(wanted.filter((_, index) => present[index]));
}
