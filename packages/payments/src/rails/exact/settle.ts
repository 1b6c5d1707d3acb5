import { setTimeout as sleep } from 'node:timers/promises';
import { authorizationState, balanceOf, transferWithAuthorization } from '@freehold/contracts';
import type { Hex } from '@freehold/protocol';
import { hexToBigInt } from 'viem';
import { getBlock } from 'viem/actions';
import type { Limits } from '../../limits.ts';
import { authorizationOf } from '../../reservation.ts';
import type { Carrier } from '../../store.ts';
import { chainFailure, type Chain } from './chain.ts';
import { lookFor, type Transfer } from './look.ts';
import type { Call, Log, Sender } from './sender.ts';

export type Ending = { kind: 'settled'; transaction: Hex } | { kind: 'unpaid'; reason: string };

/**
 * Brings one authorization to its end on the chain: looks, and then does what is missing, again and again until it is mined,
 * found to have been carried by somebody else, or found impossible. It starts from what the outbox and the chain show, so it
 * is also what recovers after a crash, with the same key or a new one: an authorization moves money once, whoever carries it.
 *
 * While the chain cannot be reached it keeps trying. It ends otherwise only by the signal, with everything as it was.
 */
export async function settleExact({
  reservation,
  carriers,
  chain,
  sender,
  save,
  limits,
  now,
  log,
  signal,
}: {
  reservation: Transfer;
  /** Transactions already signed for it, oldest first. */
  carriers: Carrier[];
  chain: Chain;
  sender: Sender;
  save(carrier: Carrier): Promise<void>;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Promise<Ending> {
  const { client } = chain;
  const { key, showsPayment, isConfirmed, findUse } = lookFor({ transfer: reservation, chain });
  const data = transferWithAuthorization({ authorization: authorizationOf(reservation), signature: reservation.signature });
  const reverted = new Set<Hex>();
  let gas = usualGas;
  let pollMs = 5;
  let retryMs = 100;
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
      log('payment.settle_delayed', { network: chain.network, reservation: reservation.id, kind, message });
      await sleep(retryMs, undefined, { signal });
      retryMs = Math.min(retryMs * 2, limits.retryMs);
    }
  }

  async function advance(): Promise<Ending | undefined> {
    for (const carrier of carriers) {
      if (reverted.has(carrier.hash)) continue;
      const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [carrier.hash] });
      if (!receipt) continue;
      if (receipt.status !== '0x1') {
        sender.mined(carrier);
        reverted.add(carrier.hash);
        continue;
      }
      if (receipt.transactionHash !== carrier.hash || !(showsPayment(receipt) || (await authorizationState(client, key)))) {
        log('chain.lied', { network: chain.network, reservation: reservation.id });
        continue;
      }
      sender.mined(carrier);
      return (await isConfirmed(receipt)) ? { kind: 'settled', transaction: carrier.hash } : undefined;
    }
    if (reverted.size >= mostReverts) return explainRevert();
    const last = carriers.findLast(({ hash }) => !reverted.has(hash));
    const isWaiting = last !== undefined && (await isInPool(last));
    if (isWaiting && now() - last.signedAt < limits.stuckAfterMs) return undefined;
    // What waits in the pool holds up everything behind it: it is replaced even if it would fail by now. Its own receipt decides.
    const call = isWaiting ? { to: key.asset, data, gas } : await prepare();
    if ('kind' in call) return call;
    const carrier = last ? await sender.resend(last, call, { save }) : await sender.send(call, save);
    if (last) log('payment.settle_resent', { network: chain.network, reservation: reservation.id, times: carriers.length });
    carriers.push(carrier);
    pollMs = 5;
    return undefined;
  }

  async function isInPool({ hash }: Carrier): Promise<boolean> {
    return (await client.request({ method: 'eth_getTransactionByHash', params: [hash] })) !== null;
  }

  /** Tries the call on the newest block; a transaction that would revert is never sent, it would cost gas for nothing. */
  async function prepare(): Promise<Call | Ending> {
    try {
      const used = await client.request({ method: 'eth_estimateGas', params: [{ from: sender.address, to: key.asset, data }, 'latest'] });
      gas = (hexToBigInt(used) * 12n) / 10n;
    } catch (error) {
      if (chainFailure(error).kind !== 'reverted') throw error;
      const { timestamp } = await getBlock(client, { blockTag: 'latest' });
      // The newest block is older than the authorization; the one that takes it will not be.
      if (BigInt(reservation.validAfter) < timestamp) return explainRevert();
    }
    return { to: key.asset, data, gas };
  }

  async function explainRevert(): Promise<Ending> {
    if (await authorizationState(client, key)) {
      const transaction = await findUse();
      return transaction ? { kind: 'settled', transaction } : { kind: 'unpaid', reason: 'invalid_transaction_state' };
    }
    const balance = await balanceOf(client, { asset: key.asset, holder: key.payer });
    if (balance < reservation.amount) return { kind: 'unpaid', reason: 'insufficient_funds' };
    if (BigInt(reservation.validBefore) * 1000n <= BigInt(now())) {
      return { kind: 'unpaid', reason: 'invalid_exact_evm_payload_authorization_valid_before' };
    }
    return { kind: 'unpaid', reason: 'invalid_transaction_state' };
  }
}

/** A transfer by authorization takes 69 000 to 86 000; more when a contract wallet vouches. */
const usualGas = 200_000n;
/** A wallet contract can pass every trial and still revert on the chain, to burn the keeper's gas. */
const mostReverts = 2;
