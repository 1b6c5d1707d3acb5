import { toAddress, type Address } from '@freehold/protocol';
import book from '../addresses.json' with { type: 'json' };

/** Where the contracts are that Freehold uses on a chain. */
export type ChainContracts = Record<ContractName, Address>;

export type ContractName = 'escrow' | 'registry' | 'resolver' | 'dstackVerifier' | 'channel' | 'depositCollector' | 'multicall3';

/**
 * `deployed`: Freehold's, at an address that its code decides. `undeployed`: would be at this address, but is not there yet.
 * `others`: said to be there by those who deployed it; nobody here has looked.
 */
export type ContractStatus = 'deployed' | 'undeployed' | 'others';

export type ChainEntry = {
  /** How people call the chain. */
  name: string;
  /** The dollar that the contracts of this entry hold. */
  token: Address;
  contracts: Record<ContractName, { address: Address; status: ContractStatus }>;
};

/**
 * What `addresses.json` says of a network (`eip155:8453`), or undefined. Written down, not verified: whoever is going to
 * send money asks the chain first (`presentContracts`).
 */
export function chainEntry(network: string): ChainEntry | undefined {
  const found = Object.entries(book).find(([name]) => name === network)?.[1];
  if (!found) return undefined;
  const { escrow, registry, resolver, dstackVerifier, channel, depositCollector, multicall3 } = found.contracts;
  return {
    name: found.name,
    token: toAddress(found.token),
    contracts: {
      escrow: read(escrow),
      registry: read(registry),
      resolver: read(resolver),
      dstackVerifier: read(dstackVerifier),
      channel: read(channel),
      depositCollector: read(depositCollector),
      multicall3: read(multicall3),
    },
  };
}

function read({ address, status }: { address: string; status: string }): { address: Address; status: ContractStatus } {
  return { address: toAddress(address), status: status === 'deployed' || status === 'others' ? status : 'undeployed' };
}
