import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Compute, TaskRow } from '@freehold/compute';
import {
  decodeReceipt,
  fromJsonHeader,
  hashTypedData,
  receiptHeader,
  receiptTypedData,
  taskAccessHeader,
  taskProof,
  taskProofHeader,
  taskProofTypedData,
  zeroAddress,
  type Address,
  type Hex,
} from '@freehold/protocol';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Arrival, Caller } from './http/route.ts';

/**
 * What somebody may see of a task: its seller and the owner of the node all of it, its payer what he has paid for, and who was given the
 * same result for nothing what it wrote, and nothing of who paid.
 */
export type Reader = 'seller' | 'payer' | 'guest';

export type TaskAccess = ReturnType<typeof openTaskAccess>;

/** How long a proof by signature may be good, in milliseconds. */
const longestProofMs = 10 * 60_000;

/**
 * Who may see a task: by a session; by the access that was given with the answer to a batch run; by a receipt of the task; or by
 * a signature of the wallet that paid. To everybody else it does not exist.
 */
export function openTaskAccess({
  compute,
  key,
  recover,
  signers,
  now,
}: {
  compute: Compute;
  /** What accesses are made with. */
  key: Uint8Array;
  recover: (digest: Uint8Array, signature: Hex) => Address | undefined;
  /** The addresses that this node signs and has signed with. */
  signers: () => Promise<readonly string[]>;
  now: () => number;
}) {
  /** For who pays for it; without one for whoever has it for nothing. */
  const accessTo = (task: string, payer: Address = zeroAddress): string =>
    createHmac('sha256', key)
      .update(payer === zeroAddress ? `read ${task}` : `read ${task} ${payer}`)
      .digest('base64url');

  function isAccess(given: string, task: string, payer?: Address): boolean {
    const [wanted, shown] = [Buffer.from(accessTo(task, payer)), Buffer.from(given)];
    return wanted.length === shown.length && timingSafeEqual(wanted, shown);
  }

  /** The payer whom a receipt names, when this node has signed it for this task. */
  async function payerByReceipt(task: string, header: string): Promise<Address | undefined> {
    try {
      const { receipt, signer, signature } = decodeReceipt(header);
      const isOurs = receipt.task === task && recover(hashTypedData(receiptTypedData(receipt)), signature) === signer;
      return isOurs && receipt.payer !== zeroAddress && (await signers()).includes(signer) ? receipt.payer : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  /** The wallet that signed that it wants to see this task on this node. */
  function payerBySignature(task: string, header: string, origin: string): Address | undefined {
    try {
      const proof = taskProof.parse(fromJsonHeader(header));
      const isInTime = proof.expiresAt > now() && proof.expiresAt < now() + longestProofMs;
      if (proof.task !== task || proof.node !== origin || !isInTime) return undefined;
      return recover(hashTypedData(taskProofTypedData(proof)), proof.signature) === proof.address ? proof.address : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  const hasPaid = async ({ id, payer }: TaskRow, wallet: Address): Promise<boolean> =>
    wallet === payer || (wallet !== zeroAddress && (await compute.receipts.get(id, { payer: wallet })) !== undefined);

  return {
    accessTo,

    async readerOf(
      task: TaskRow,
      {
        caller,
        headers,
        access,
        arrival,
      }: { caller: Caller | undefined; headers: IncomingHttpHeaders; access: string | undefined; arrival: Arrival },
    ): Promise<Reader | undefined> {
      const account = caller && !caller.delegate ? caller.account : undefined;
      if (account?.role === 'owner' || (account && (await compute.sellerOf(task.offer)) === account.address)) return 'seller';
      if (account && (await hasPaid(task, account.address))) return 'payer';
      const given = access ?? headers[taskAccessHeader];
      if (typeof given === 'string' && task.payer !== null && isAccess(given, task.id, task.payer)) return 'payer';
      const receipt = headers[receiptHeader];
      const proof = headers[taskProofHeader];
      const wallets = [
        typeof receipt === 'string' ? await payerByReceipt(task.id, receipt) : undefined,
        typeof proof === 'string' ? payerBySignature(task.id, proof, arrival.origin) : undefined,
      ];
      for (const wallet of wallets) if (wallet !== undefined && (await hasPaid(task, wallet))) return 'payer';
      if (typeof given !== 'string' || !isAccess(given, task.id)) return undefined;
      return task.payer === null ? 'payer' : 'guest';
    },

    /** Whether its payer may have what it wrote: it cost nothing, or it is paid. A failed run that costs nothing gives nothing but its errors. */
    async isPaid(task: TaskRow): Promise<boolean> {
      if (task.payer === null || task.cacheable) return true;
      return (await compute.receipts.get(task.id)) !== undefined;
    },
  };
}
