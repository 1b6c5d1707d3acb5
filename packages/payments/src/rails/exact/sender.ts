import { fromHex, type Address, type Hex } from '@freehold/protocol';
import {
  BaseError,
  keccak256,
  parseTransaction,
  serializeTransaction,
  type FeeValuesEIP1559,
  type TransactionSerializableEIP1559,
} from 'viem';
import { estimateFeesPerGas, getTransactionCount } from 'viem/actions';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../../limits.ts';
import type { Carrier } from '../../store.ts';
import { chainFailure, type Chain } from './chain.ts';

export type Log = (event: string, fields: Record<string, string | number | boolean | undefined>) => void;

/** The key that pays for gas. It lives elsewhere (the keeper); only digests go to it. */
export type Signer = { address: Address; signDigest(digest: Uint8Array): Promise<Hex> };

export type Call = { to: Address; data: Hex; gas: bigint };
type Save = (carrier: Carrier) => Promise<void>;
/** `replaces` is what waits under the same nonce. */
type Sending = { call: Call; nonce: number; save: Save; replaces?: Carrier };

/** Fees change with the block; what proves too low is raised when it is sent again. */
const feesKeptMs = 1_000;
/** So many times the price of the chain is paid at most for being mined at last. */
const mostFold = 20n;

const max = (a: bigint, b: bigint) => (a > b ? a : b);

export type Sender = ReturnType<typeof openSender>;

/**
 * The one sender of a network. Transactions get their nonces here, one after another, and each is signed and saved before it
 * is sent. The next one waits until the chain has taken or refused this one, so a nonce is never left out; a gap would hold
 * up every later transaction.
 */
export function openSender({
  chain,
  signer,
  limits,
  now,
  log,
  signal,
}: {
  chain: Chain;
  signer: Signer;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  const { client, chainId } = chain;
  let turn: Promise<unknown> = Promise.resolve();
  let next: number | undefined;
  let fees: { values: FeeValuesEIP1559; readAt: number } | undefined;
  /** Nonces that were taken by the chain's pool and not seen mined yet. */
  const inFlight = new Set<number>();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  const count = (blockTag: 'latest' | 'pending') => getTransactionCount(client, { address: signer.address, blockTag });

  async function currentFees(): Promise<FeeValuesEIP1559> {
    if (fees && now() - fees.readAt < feesKeptMs) return fees.values;
    const values = await estimateFeesPerGas(client, { chain: null, type: 'eip1559' });
    fees = { values, readAt: now() };
    return values;
  }

  async function sign({ call, nonce, save, replaces }: Sending): Promise<Carrier> {
    const fees = replacing(await currentFees(), replaces?.senderNonce === nonce ? replaces : undefined);
    const transaction: TransactionSerializableEIP1559 = { type: 'eip1559', chainId, nonce, ...call, ...fees };
    const signature = await signer.signDigest(fromHex(keccak256(serializeTransaction(transaction))));
    const raw = serializeTransaction(transaction, {
      r: `0x${signature.slice(2, 66)}`,
      s: `0x${signature.slice(66, 130)}`,
      yParity: Number.parseInt(signature.slice(130), 16) - 27,
    });
    const carrier = { hash: keccak256(raw), sender: signer.address, senderNonce: nonce, raw, signedAt: now() };
    await save(carrier);
    return carrier;
  }

  /** Until the chain has answered: while it cannot be reached, nobody knows whether it has taken the transaction. */
  async function broadcast({ hash, raw }: Carrier): Promise<void> {
    for (let pause = 100; ; pause = Math.min(pause * 2, limits.retryMs)) {
      try {
        await client.request({ method: 'eth_sendRawTransaction', params: [raw] });
        return;
      } catch (error) {
        const failure = chainFailure(error);
        if (failure.kind !== 'unreachable') {
          if (/already known|already imported/i.test(failure.message)) return;
          if (await isMined(hash)) return;
          throw error;
        }
        log('chain.unreachable', { network: chain.network, message: failure.message });
        await sleep(pause, undefined, { signal });
      }
    }
  }

  async function isMined(hash: Hex): Promise<boolean> {
    return (await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })) !== null;
  }

  /** Nodes keep the transaction they have unless both fees are at least a tenth higher (go-ethereum, txpool `PriceBump`); ours are a quarter. */
  function replacing(fees: FeeValuesEIP1559, before: Carrier | undefined): FeeValuesEIP1559 {
    if (!before) return fees;
    const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(before.raw);
    const raised = (now: bigint, before: bigint) => max(now, (before * 125n) / 100n + 1n);
    const wanted = {
      maxFeePerGas: raised(fees.maxFeePerGas, maxFeePerGas),
      maxPriorityFeePerGas: raised(fees.maxPriorityFeePerGas, maxPriorityFeePerGas),
    };
    // A chain that takes nothing at many times its own price has another trouble than the fee.
    if (wanted.maxFeePerGas > fees.maxFeePerGas * mostFold)
      throw new BaseError(`A transaction waits although it offers ${mostFold} times the fee that the chain asks. It is left to wait.`);
    return wanted;
  }

  async function sendAs(nonce: number, sending: Omit<Sending, 'nonce'>): Promise<Carrier> {
    const carrier = await sign({ ...sending, nonce });
    await broadcast(carrier);
    inFlight.add(nonce);
    next = Math.max(next ?? 0, nonce + 1);
    return carrier;
  }

  return {
    address: signer.address,
    send: (call: Call, save: Save): Promise<Carrier> =>
      inTurn(async () => {
        next ??= await count('pending');
        try {
          return await sendAs(next, { call, save });
        } catch (error) {
          // Refused, perhaps because somebody else uses this key: ask the chain before the next one.
          next = undefined;
          throw error;
        }
      }),

    /**
     * Sends again what is not mined: with the same nonce and a higher fee while that nonce is free, or else anew. Errors: of viem, also
     * where the fee has come to many times what the chain asks.
     */
    resend: (stuck: Carrier, call: Call, { save }: { save: Save }): Promise<Carrier> =>
      inTurn(async () => {
        const mined = await count('latest');
        const isOurs = stuck.sender === signer.address;
        if (isOurs && stuck.senderNonce === mined) return sendAs(stuck.senderNonce, { call, save, replaces: stuck });
        if (isOurs && stuck.senderNonce > mined && [...inFlight].some((nonce) => nonce >= mined && nonce < stuck.senderNonce)) {
          // It waits behind another one of ours, which is looked after by whoever sent it.
          return sendAs(stuck.senderNonce, { call, save, replaces: stuck });
        }
        // The nonce went to another transaction, or the chain has lost those before it: start from what the chain says.
        inFlight.delete(stuck.senderNonce);
        const isLost = isOurs && stuck.senderNonce > mined;
        const nonce = isLost ? mined : Math.max(mined, next ?? 0);
        if (isLost) next = undefined;
        return sendAs(nonce, { call, save, replaces: stuck });
      }),

    /** To be told of every transaction that was seen mined. */
    mined({ sender, senderNonce }: Carrier) {
      if (sender === signer.address) inFlight.delete(senderNonce);
    },
  };
}
