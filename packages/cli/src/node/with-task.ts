import { taskIdOfDigest, taskProofHeader, taskProofTypedData, taskSummary, toJsonHeader, type TaskSummary } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import { NodeRefusal, openNodeClient, type NodeClient } from './client.ts';
import { withSession } from './sign-in.ts';

/** Less than the node allows, so that its clock may go before ours. */
const proofMs = 5 * 60_000;

/**
 * One task, asked for by the key: as the wallet that paid, by a signature, which needs no account on the node; else as its seller or
 * the owner, signed in. Errors: CliError.
 */
export async function withTask<Result>(
  id: string,
  options: { node?: string | undefined; key?: string | undefined },
  context: Context,
  work: (found: { client: NodeClient; task: TaskSummary }) => Promise<Result>,
): Promise<Result> {
  const node = options.node ?? context.settings.node;
  const wallet = openWallet(await requireKey(options.key, context));
  const digest = /^(?:0x)?([0-9a-f]{64})$/.exec(id)?.[1];
  const proof = {
    address: wallet.address,
    task: digest === undefined ? id : taskIdOfDigest(`0x${digest}`),
    node: URL.parse(node)?.origin ?? node,
    expiresAt: context.now() + proofMs,
  };
  const header = toJsonHeader({ ...proof, signature: await wallet.signTypedData(taskProofTypedData(proof)) });
  const client = openNodeClient({ node, headers: { [taskProofHeader]: header }, signal: context.signal });
  const path = `/api/tasks/${encodeURIComponent(id)}`;
  let task: TaskSummary;
  try {
    task = await client.get(path, taskSummary);
  } catch (unseen) {
    if (!(unseen instanceof NodeRefusal) || unseen.status !== 404) throw unseen;
    return await withSession(options, context, async (session) =>
      work({ client: session.client, task: await session.client.get(path, taskSummary) }),
    ).catch((error: unknown) => {
      // Whoever has no account here is told of the task, not of the account.
      throw error instanceof NodeRefusal && (error.status === 401 || error.status === 403) ? unseen : error;
    });
  }
  return await work({ client, task });
}
