import { PaymentError } from './error.ts';
import type { Limits } from './limits.ts';
import { connectChain, type Chain, type ChainSettings } from './rails/exact/chain.ts';
import { openSender, type Log, type Sender, type Signer } from './rails/exact/sender.ts';
import { openSlots } from './slots.ts';

/** A chain, and the one sender on it: whatever the node sends there goes through it, so that its nonces have no gap. */
export type Network = { chain: Chain; sender: Sender; inSlot: <Result>(work: () => Promise<Result>) => Promise<Result> };

export type Networks = ReturnType<typeof openNetworks>;

export function openNetworks({
  chains,
  signer,
  limits,
  now,
  log,
  signal,
}: {
  chains: readonly ChainSettings[];
  signer: Signer;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  const networks = new Map<string, Network>(
    chains.map((settings) => {
      const chain = connectChain(settings, { now, log });
      const sender = openSender({ chain, signer, limits, now, log, signal });
      return [settings.network, { chain, sender, inSlot: openSlots(limits.maxInFlight) }];
    }),
  );
  return {
    has: (name: string): boolean => networks.has(name),
    /** Errors: `payment_unavailable`. */
    get(name: string): Network {
      const network = networks.get(name);
      if (network) return network;
      throw new PaymentError(
        'payment_unavailable',
        `This node is not connected to ${name} any more. Its owner can connect it again in the settings.`,
      );
    },
  };
}
