import { createHash } from 'node:crypto';
import { recoverAddress } from '@freehold/identity';
import { hashTypedData, taskIdOfBlock, taskResultTypedData, type SignedReceipt, type SignedTaskResult } from '@freehold/protocol';
import { isSignedBy } from '../key/signed-by.ts';

/** What a node signs of a task: what was paid for what, and how it ended. */
export type Signed = SignedReceipt | SignedTaskResult;

/** What a signed document is held against. What is not there is not checked. */
export type Evidence = {
  /** Addresses that the node signs with. */
  signers?: readonly string[] | undefined;
  task?: string | undefined;
  offer?: string | undefined;
  stdout?: Uint8Array | undefined;
  stderr?: Uint8Array | undefined;
  /** What was run: its CID is the id of the task. */
  block?: Uint8Array | undefined;
  /** What came of running it again here. */
  again?: { stdout: Uint8Array; fuel: number | undefined } | undefined;
};

export type Check = { name: string; ok: boolean };
export type Verification = { kind: 'receipt' | 'result'; task: string; signer: string; holds: boolean; checks: Check[] };

export function verify(signed: Signed, { signers, task, offer, stdout, stderr, block, again }: Evidence): Verification {
  const isReceipt = 'receipt' in signed;
  const claim = isReceipt
    ? { task: signed.receipt.task, offer: signed.receipt.offer, stdout: signed.receipt.output, stderr: undefined }
    : { task: signed.result.task, offer: undefined, stdout: signed.result.stdout, stderr: signed.result.stderr };
  const { signer } = signed;
  const checks: Check[] = [{ name: 'the signature is that of the signer', ok: isReceipt ? isSignedBy(signed) : isResultSigned(signed) }];
  const check = (name: string, ok: boolean) => void checks.push({ name, ok });
  if (signers) {
    const isOne = signers.some((address) => address.toLowerCase() === signer.toLowerCase());
    check('the signer is one of the node', isOne);
  }
  if (task !== undefined) check('it is for this task', claim.task === task);
  if (offer !== undefined && claim.offer !== undefined) check('it is for this offer', claim.offer === offer);
  if (stdout) check('the output has the hash it names', claim.stdout === hash(stdout));
  if (stderr && claim.stderr !== undefined) check('the errors have the hash it names', claim.stderr === hash(stderr));
  if (again) {
    check('run again here, it writes the same', claim.stdout === hash(again.stdout));
    if (isReceipt && signed.receipt.fuel !== undefined)
      check(`run again here, it takes the ${signed.receipt.fuel} instructions that the receipt names`, again.fuel === signed.receipt.fuel);
  }
  if (block) check('what was run has the hash that is the id of the task', taskIdOfBlock(block) === claim.task);
  return { kind: isReceipt ? 'receipt' : 'result', task: claim.task, signer, holds: checks.every(({ ok }) => ok), checks };
}

const hash = (bytes: Uint8Array) => `0x${createHash('sha256').update(bytes).digest('hex')}`;

const isResultSigned = ({ result, signer, signature }: SignedTaskResult): boolean =>
  recoverAddress(hashTypedData(taskResultTypedData(result)), signature) === signer;
