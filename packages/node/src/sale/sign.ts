import type { Outcome, Plan, TaskRow } from '@freehold/compute';
import {
  hashTypedData,
  noHash,
  receiptTypedData,
  taskResultTypedData,
  zeroAddress,
  type Address,
  type Hex,
  type Receipt,
  type SignedReceipt,
  type SignedTaskResult,
  type TaskResult,
} from '@freehold/protocol';

export type Signer = { address: Address; signDigest: (digest: Uint8Array) => Promise<Hex> };

export async function signReceipt(signer: Signer, receipt: Receipt): Promise<SignedReceipt> {
  return { receipt, signer: signer.address, signature: await signer.signDigest(hashTypedData(receiptTypedData(receipt))) };
}

/** The receipt of a call that cost nothing; a paid one says more. */
export function freeReceipt(
  { call }: Pick<Plan, 'call'>,
  { task, output, usage: { fuel } }: Pick<Outcome, 'task' | 'output' | 'usage'>,
  now: number,
): Receipt {
  const [price] = call.offer.prices;
  return {
    version: 1,
    task,
    offer: call.id,
    payer: zeroAddress,
    network: price?.network ?? 'eip155:1',
    asset: price?.asset ?? zeroAddress,
    amount: '0',
    nonce: noHash,
    transaction: noHash,
    output,
    ...(fuel !== undefined && { fuel }),
    issuedAt: now,
  };
}

/** What the node can say of a task that has ended; undefined while it has not, or when its streams were not hashed. */
export function resultOf({ id, state, exitCode, reason, stdout, stderr, endedAt }: TaskRow): TaskResult | undefined {
  if ((state !== 'done' && state !== 'failed') || stdout.sha256 === null || stderr.sha256 === null || endedAt === null) return undefined;
  return {
    version: 1,
    task: id,
    state,
    reason: reason ?? 'exit',
    exitCode,
    stdout: `0x${stdout.sha256}`,
    stderr: `0x${stderr.sha256}`,
    endedAt,
  };
}

export async function signResult(signer: Signer, result: TaskResult): Promise<SignedTaskResult> {
  return { result, signer: signer.address, signature: await signer.signDigest(hashTypedData(taskResultTypedData(result))) };
}
