import { findAuthorizationUse, showsTransfer } from '@freehold/contracts';
import type { Hex } from '@freehold/protocol';
import { formatLog, hexToBigInt, type RpcTransactionReceipt } from 'viem';
import { getBlock, getBlockNumber } from 'viem/actions';
import type { Reservation } from '../../reservation.ts';
import type { Chain } from './chain.ts';

/** One authorization that is to move money, and since when. */
export type Transfer = Pick<
  Reservation,
  'id' | 'network' | 'asset' | 'payer' | 'payTo' | 'amount' | 'nonce' | 'validAfter' | 'validBefore' | 'signature' | 'reservedAt'
>;

/** What the chain shows of a transfer. */
export function lookFor({ transfer, chain }: { transfer: Transfer; chain: Chain }) {
  const { client } = chain;
  const key = { asset: transfer.asset, payer: transfer.payer, nonce: transfer.nonce };

  function showsPayment({ logs }: RpcTransactionReceipt): boolean {
    const { payTo, amount } = transfer;
    return showsTransfer(
      logs.map((entry) => formatLog(entry)),
      { ...key, payTo, amount },
    );
  }

  /** Until then the chain may still take it back. */
  async function isConfirmed({ blockNumber }: RpcTransactionReceipt): Promise<boolean> {
    if (chain.confirmations <= 1n) return true;
    const newest = await getBlockNumber(client, { cacheTime: 0 });
    return newest - hexToBigInt(blockNumber) + 1n >= chain.confirmations;
  }

  /**
   * The transaction by which somebody else carried the authorization here since it was reserved: a process of ours whose
   * outbox is lost, or anyone who saw it. One from before the reservation paid for something else.
   */
  async function findUse(): Promise<Hex | undefined> {
    for (let toBlock = await getBlockNumber(client, { cacheTime: 0 }); ;) {
      const fromBlock = toBlock < searchStep ? 0n : toBlock - searchStep + 1n;
      const hash = await findAuthorizationUse(client, { ...key, fromBlock, toBlock });
      if (hash) return (await isPaymentHere(hash)) ? hash : undefined;
      const { timestamp } = await getBlock(client, { blockNumber: fromBlock });
      if (fromBlock === 0n || isBeforeReservation(timestamp)) return undefined;
      toBlock = fromBlock - 1n;
    }
  }

  async function isPaymentHere(hash: Hex): Promise<boolean> {
    const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
    if (!receipt) return false;
    const { timestamp } = await getBlock(client, { blockNumber: hexToBigInt(receipt.blockNumber) });
    return !isBeforeReservation(timestamp) && showsPayment(receipt);
  }

  /** Block times are whole seconds and may lag behind. That it was unused at the reservation was asked of the chain itself. */
  function isBeforeReservation(timestamp: bigint): boolean {
    return timestamp * 1000n < BigInt(transfer.reservedAt - blockLagMs);
  }

  return { key, showsPayment, isConfirmed, findUse };
}

/** Blocks looked through per request; RPC servers refuse much larger ranges. */
const searchStep = 2_000n;
const blockLagMs = 15_000;
