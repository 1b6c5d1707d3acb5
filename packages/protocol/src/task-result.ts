import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { address, type Address } from './address.ts';
import { cid } from './cid.ts';
import type { TypedData } from './eip712.ts';
import { bytes32, fromHex, signature, type Hex } from './hex.ts';
import { taskDigest } from './task.ts';

/** How a task ended and what it wrote, signed by the node that ran it. */
export const taskResult = z.strictObject({
  version: z.literal(1),
  task: cid,
  state: z.enum(['done', 'failed']),
  /** exit, or the limit or fault that ended it. */
  reason: z.string().max(32),
  exitCode: z.number().int().nullable(),
  /** sha256 of each stream. */
  stdout: bytes32,
  stderr: bytes32,
  /** Milliseconds since the epoch. */
  endedAt: z.number().int().positive(),
});
export type TaskResult = z.output<typeof taskResult>;

export const signedTaskResult = z.strictObject({ result: taskResult, signer: address, signature });
export type SignedTaskResult = z.output<typeof signedTaskResult>;

export function taskResultTypedData(result: TaskResult): TypedData {
  return {
    domain: { name: 'Freehold task result', version: '1' },
    domainFields: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
    ],
    primaryType: 'TaskResult',
    fields: [
      { name: 'task', type: 'string' },
      { name: 'state', type: 'string' },
      { name: 'reason', type: 'string' },
      { name: 'exitCode', type: 'string' },
      { name: 'stdout', type: 'bytes32' },
      { name: 'stderr', type: 'bytes32' },
      { name: 'endedAt', type: 'uint64' },
    ],
    message: {
      task: result.task,
      state: result.state,
      reason: result.reason,
      exitCode: result.exitCode === null ? '' : String(result.exitCode),
      stdout: result.stdout,
      stderr: result.stderr,
      endedAt: String(result.endedAt),
    },
  };
}

/** What OS402's clients verify of one stream: sha256(domain ‖ sha256(owner ‖ task id ‖ sha256(content))), signed as it is. */
export function os402StreamDigest({
  stream,
  owner,
  task,
  contentSha256,
}: {
  stream: 'stdout' | 'stderr';
  owner: Address;
  task: string;
  contentSha256: Hex;
}): Uint8Array {
  const inner = sha256(concatBytes(fromHex(owner.toLowerCase()), fromHex(taskDigest(task)), fromHex(contentSha256)));
  return sha256(concatBytes(utf8ToBytes(`os402.task.${stream}`), inner));
}

/** Proves who asks for a task, by a wallet that has no session on the node: header `x-freehold-proof`. `node` is the origin that is asked, so that no other can use it. */
export const taskProof = z.strictObject({
  address,
  task: cid,
  node: z.string().max(300),
  expiresAt: z.number().int().positive(),
  signature,
});
export type TaskProof = z.output<typeof taskProof>;
export const taskProofHeader = 'x-freehold-proof';
/** Carries the access that came with the answer to a batch run. */
export const taskAccessHeader = 'x-freehold-access';

export function taskProofTypedData({ address: asker, task, node, expiresAt }: Omit<TaskProof, 'signature'>): TypedData {
  return {
    domain: { name: 'Freehold task access', version: '1' },
    domainFields: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
    ],
    primaryType: 'TaskAccess',
    fields: [
      { name: 'address', type: 'address' },
      { name: 'task', type: 'string' },
      { name: 'node', type: 'string' },
      { name: 'expiresAt', type: 'uint64' },
    ],
    message: { address: asker, task, node, expiresAt: String(expiresAt) },
  };
}
