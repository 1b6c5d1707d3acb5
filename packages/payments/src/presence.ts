import { setTimeout as sleep } from 'node:timers/promises';
import { presentContracts, type ContractName } from '@freehold/contracts';
import type { Address } from '@freehold/protocol';
import type { Networks } from './networks.ts';
import type { Log } from './rails/exact/sender.ts';

/** The longest pause between two attempts to ask a chain. */
const retryMs = 30_000;

/** Which contracts are on which chain: as the chain says, not as a list does. Ways to pay that need one are offered once it was seen. */
export function openPresence({
  networks,
  names,
  log,
  signal,
}: {
  networks: Networks;
  names: readonly string[];
  log: Log;
  signal: AbortSignal;
}) {
  const present = new Map<string, Partial<Record<ContractName, Address>>>();

  async function look(name: string): Promise<void> {
    present.set(name, await presentContracts(networks.get(name).chain.client, name));
  }

  async function lookAgain(name: string): Promise<void> {
    for (let pause = 500; !present.has(name); pause = Math.min(pause * 2, retryMs)) {
      await sleep(pause, undefined, { signal, ref: false });
      await look(name).catch(() => undefined);
    }
  }

  return {
    /** Where a contract is on a chain, once it was seen there. */
    at: (name: string, contract: ContractName): Address | undefined => present.get(name)?.[contract],
    /** Asks each chain once; those that cannot be reached are asked again until they can. */
    async start(): Promise<void> {
      await Promise.all(
        names.map((name) =>
          look(name).catch((error: unknown) => {
            log('chain.unreachable', { network: name, message: error instanceof Error ? error.message : String(error) });
            lookAgain(name).catch(() => undefined);
          }),
        ),
      );
    },
  };
}
