import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, Hex } from '@freehold/protocol';
import { hexToBigInt } from 'viem';
import { getBlockNumber } from 'viem/actions';
import type { Limits } from '../limits.ts';
import type { Network } from '../networks.ts';
import { chainFailure } from '../rails/exact/chain.ts';
import type { Call, Log } from '../rails/exact/sender.ts';
import type { Carrier } from '../store.ts';

export type Errand = { to: Address; data: Hex };
export type Carried = { kind: 'mined'; transaction: Hex } | { kind: 'refused'; message: string };

/**
 * Brings a call of the node's own to the chain: looks what became of the transactions that were signed for it, and does what is missing, until one
 * of them is mined or the contract refuses the call. A call must be one that cannot do harm twice: a second one would be refused. While the
 * chain cannot be reached it keeps trying; it ends otherwise only by the signal, with everything as it was.
 */
export async function carry({
  errand,
  carriers,
  network: { chain, sender },
  save,
  limits,
  now,
  log,
  signal,
}: {
  errand: Errand;
  /** Transactions already signed for it, oldest first. */
  carriers: Carrier[];
  network: Network;
  save(carrier: Carrier): Promise<void>;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Promise<Carried> {
  const { client } = chain;
  const reverted = new Set<Hex>();
  let pollMs = 5;
  let retryMs = 100;
  let gas = usualGas;
  for (;;) {
    signal.throwIfAborted();
    try {
      const ending = await advance();
      if (ending) return ending;
      retryMs = 100;
      await sleep(pollMs, undefined, { signal });
      pollMs = Math.min(pollMs * 1.5, limits.pollMs);
    } catch (error) {
      signal.throwIfAborted();
      const { kind, message } = chainFailure(error);
      log('chain.delayed', { network: chain.network, to: errand.to, kind, message });
      await sleep(retryMs, undefined, { signal });
      retryMs = Math.min(retryMs * 2, limits.retryMs);
    }
  }

  async function advance(): Promise<Carried | undefined> {
    for (const carrier of carriers) {
      if (reverted.has(carrier.hash)) continue;
      const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [carrier.hash] });
      if (!receipt) continue;
      sender.mined(carrier);
      if (receipt.status === '0x1')
        return (await isConfirmed(receipt.blockNumber)) ? { kind: 'mined', transaction: carrier.hash } : undefined;
      reverted.add(carrier.hash);
    }
    if (reverted.size >= mostReverts) return { kind: 'refused', message: 'The transaction was mined and reverted.' };
    const last = carriers.findLast(({ hash }) => !reverted.has(hash));
    const isWaiting = last !== undefined && (await client.request({ method: 'eth_getTransactionByHash', params: [last.hash] })) !== null;
    if (isWaiting && now() - last.signedAt < limits.stuckAfterMs) return undefined;
    // What waits in the pool holds up everything behind it: it is replaced even if it would fail by now. Its own receipt decides.
    const call = isWaiting ? { ...errand, gas } : await prepare();
    if (!call || 'kind' in call) return call;
    const carrier = last ? await sender.resend(last, call, { save }) : await sender.send(call, save);
    carriers.push(carrier);
    pollMs = 5;
    return undefined;
  }

  /** Until then the chain may still take it back. */
  async function isConfirmed(blockNumber: Hex): Promise<boolean> {
    if (chain.confirmations <= 1n) return true;
    const newest = await getBlockNumber(client, { cacheTime: 0 });
    return newest - hexToBigInt(blockNumber) + 1n >= chain.confirmations;
  }

  /** Tries the call on the newest block; a transaction that would revert is never sent, it would cost gas for nothing. */
  async function prepare(): Promise<Call | Carried | undefined> {
    try {
      const used = await client.request({ method: 'eth_estimateGas', params: [{ from: sender.address, ...errand }, 'latest'] });
      gas = (hexToBigInt(used) * 12n) / 10n;
    } catch (error) {
      const { kind, message } = chainFailure(error);
      if (kind !== 'reverted') throw error;
      // A transaction of an earlier process may have been mined between the look at its receipt and this.
      for (const { hash } of carriers) {
        const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
        if (receipt?.status === '0x1') return undefined;
      }
      return { kind: 'refused', message };
    }
    return { ...errand, gas };
  }
}

const usualGas = 500_000n;
const mostReverts = 2;
