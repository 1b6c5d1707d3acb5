import { formatUnits, nodeInfo, taskList, taskSummary, type NodeInfo, type TaskSummary } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { nodeProbe } from '../doctor/node.ts';
import { openNodeClient } from '../node/client.ts';
import { signerList } from '../node/signers.ts';
import { withSession } from '../node/sign-in.ts';
import { withTask } from '../node/with-task.ts';
import { print, table } from '../output.ts';
import { formatSize } from '../units.ts';

type Common = { node?: string; key?: string; json?: boolean };

/** `task list`: what ran of the caller's own offers; of all, for the owner of the node. */
export async function listTasks({ limit, ...options }: Common & { limit?: string }, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    const { token } = await client.get('/api/node', nodeInfo);
    const { tasks } = await client.get(`/api/tasks?limit=${encodeURIComponent(limit ?? '50')}`, taskList);
    const rows = tasks.map((task) => [
      task.id,
      task.state,
      new Date(task.startedAt).toISOString(),
      task.wallUs === null ? '' : milliseconds(task.wallUs),
      paid(task, token),
    ]);
    print(context, {
      json: options.json,
      value: tasks,
      text: rows.length === 0 ? 'No task has run yet.' : table([['TASK', 'STATE', 'STARTED', 'TIME', 'PAID'], ...rows]),
    });
  });
}

/** `task health`: whether the node that runs tasks is well, and who signs what it gives. Answers 0 when it is. */
export async function showHealth({ node, json }: Common, context: Context): Promise<number> {
  const origin = node ?? context.settings.node;
  const { state, message, fix } = await nodeProbe({ node: origin, signal: context.signal }).ask();
  const isWell = state === 'ok';
  const [signer] = isWell ? await openNodeClient({ node: origin, signal: context.signal }).get('/api/signers', signerList) : [];
  const lines = [message, ...(signer ? [`results and receipts are signed by ${signer.address}`] : []), ...(isWell || !fix ? [] : [fix])];
  print(context, { json, value: { ok: isWell, message, signer: signer?.address ?? null }, text: lines.join('\n') });
  return isWell ? 0 : 1;
}

export async function showTask(id: string, options: Common, context: Context): Promise<void> {
  await withTask(id, options, context, async ({ client, task }) => {
    const { token } = await client.get('/api/node', nodeInfo);
    print(context, { json: options.json, value: task, text: describe(task, token) });
  });
}

function describe(task: TaskSummary, token: NodeInfo['token']): string {
  const lines: [string, string][] = [
    ['task', task.id],
    ['offer', task.offer],
    ['state', task.state + (task.reason === null ? '' : ` (${task.reason}${task.exitCode === null ? '' : ` ${task.exitCode}`})`)],
    ['started', new Date(task.startedAt).toISOString()],
    ['time', task.wallUs === null ? '' : milliseconds(task.wallUs)],
    ['processor', task.cpuUs === null ? '' : milliseconds(task.cpuUs)],
    ['memory', task.maxRssBytes ? formatSize(task.maxRssBytes) : ''],
    ['paid', paid(task, token)],
    ['receipt', task.receipt ? `signed by ${task.receipt.signer}` : 'none'],
  ];
  return table(lines.filter(([, value]) => value !== ''));
}

const paid = (task: TaskSummary, token: NodeInfo['token']) =>
  token ? `${formatUnits(BigInt(task.paid), token.decimals)} ${token.symbol}` : task.paid;
const milliseconds = (us: number) => `${(us / 1000).toFixed(1)} ms`;

/** `stdout` or `stderr` of a task, byte for byte. */
export async function showStream(stream: 'stdout' | 'stderr', id: string, options: Common, context: Context): Promise<void> {
  await withTask(id, options, context, async ({ client }) => {
    context.stdout.write(await client.bytes(`/api/tasks/${encodeURIComponent(id)}/${stream}`));
  });
}

/** `task cancel`: nothing is charged for a run that is stopped. */
export async function cancelTask(id: string, options: Common, context: Context): Promise<void> {
  await withTask(id, options, context, async ({ client }) => {
    const task = await client.delete(`/api/tasks/${encodeURIComponent(id)}`, taskSummary);
    print(context, { json: options.json, value: task, text: `Stopped ${id}. Nothing is charged for it.` });
  });
}
