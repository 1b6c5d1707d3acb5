import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  signedReceipt,
  signedTaskResult,
  taskAccessHeader,
  taskSummary,
  type SignedTaskResult,
  type TaskSummary,
} from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { NodeRefusal, openNodeClient, type NodeClient } from '../node/client.ts';
import { signerList } from '../node/signers.ts';
import type { Evidence, Signed } from './verify.ts';

/** Signed documents, and all that can be had to hold them against. */
export type Source = { signed: Signed[]; evidence: Evidence };

const signersOf = async (client: NodeClient) => (await client.get('/api/signers', signerList)).map(({ address }) => address);

/** All that a node gives of a task to whoever asks. Errors: CliError when it has signed nothing of it. */
export async function sourceAtNode(client: NodeClient, task: TaskSummary): Promise<Source> {
  const path = `/api/tasks/${encodeURIComponent(task.id)}`;
  const [signers, result, stdout, stderr, block] = await Promise.all([
    signersOf(client),
    ifGiven<SignedTaskResult>(client.get(`${path}/result`, signedTaskResult)),
    ...['stdout', 'stderr', 'block'].map((name) => ifGiven(client.bytes(`${path}/${name}`))),
  ]);
  const signed = [...(task.receipt ? [task.receipt] : []), ...(result ? [result] : [])];
  if (signed.length === 0)
    throw new CliError(`The node has signed nothing of the task ${task.id}: it is ${task.state}.`, {
      advice: `See it: freehold task show ${task.id}`,
    });
  return { signed, evidence: { signers, task: task.id, offer: task.offer, stdout, stderr, block } };
}

/** Of a failed run that was not charged the output is not given, and of one that is under way nothing. */
async function ifGiven<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NodeRefusal && (error.status === 404 || error.status === 425)) return undefined;
    throw error;
  }
}

/** A task at any node, by the URL that came with its access: nobody signs in. Errors: CliError. */
export async function sourceAtUrl(text: string, { signal }: Pick<Context, 'signal'>): Promise<Source> {
  const url = URL.parse(text);
  const id = /^\/(?:api\/)?tasks\/([^/]+)(?:\/(?:result|stdout|stderr|block))?$/.exec(url?.pathname ?? '')?.[1];
  if (!url || id === undefined)
    throw usageError(
      `${text} is not the address of a task.`,
      'It looks like https://HOST/api/tasks/ID?access=…; or save the document and name the file.',
    );
  const access = url.searchParams.get('access');
  const client = openNodeClient({ node: url.origin, headers: access === null ? {} : { [taskAccessHeader]: access }, signal });
  return sourceAtNode(client, await client.get(`/api/tasks/${id}`, taskSummary));
}

export type FileOptions = { stdout?: string; stderr?: string; block?: string; signer?: string[]; node?: string };

/** A document in a file, held against what is named. Only a node that is named is asked, and only for its signers. Errors: CliError. */
export async function sourceInFile(file: string, options: FileOptions, context: Context): Promise<Source> {
  const read = (path: string | undefined) => (path === undefined ? undefined : readBytes(resolve(context.cwd, path)));
  const signed = parseSigned(Buffer.from(readBytes(resolve(context.cwd, file))).toString(), file);
  const { node, signer } = options;
  const ofNode = node === undefined ? undefined : await signersOf(openNodeClient({ node, signal: context.signal }));
  const signers = ofNode || signer ? [...(ofNode ?? []), ...(signer ?? [])] : undefined;
  return {
    signed: [signed],
    evidence: { signers, stdout: read(options.stdout), stderr: read(options.stderr), block: read(options.block) },
  };
}

function parseSigned(text: string, file: string): Signed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const receipt = signedReceipt.safeParse(value);
  if (receipt.success) return receipt.data;
  const result = signedTaskResult.safeParse(value);
  if (result.success) return result.data;
  throw new CliError(`${file} is neither a signed receipt nor a signed result.`, {
    advice: 'Receipts of what was bought here are in ~/.config/freehold/receipts; the node gives the result at /api/tasks/ID/result.',
  });
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CliError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Name the id of a task, the URL of one, or a file with what its node signed.',
      cause,
    });
  }
}
