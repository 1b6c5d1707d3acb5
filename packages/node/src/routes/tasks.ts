import { ComputeError, type Compute, type TaskRow } from '@freehold/compute';
import type { Payments } from '@freehold/payments';
import { earnings, taskList, taskSummary, type Account, type TaskSummary, type Token } from '@freehold/protocol';
import { sumOf } from '../earnings.ts';
import { z } from 'zod';
import { callerOf, route } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';

const one = z.strictObject({ id: z.string().min(1).max(128) });

export const taskRoutes = ({ compute, payments, token }: { compute: Compute; payments: Payments; token: Token | null }) => {
  const summarise = async ({ cacheable: _, ...task }: TaskRow): Promise<TaskSummary> => {
    const receipt = (await compute.receipts.get(task.id)) ?? null;
    return { ...task, receipt, paid: receipt?.receipt.amount ?? '0' };
  };

  /** A seller sees the tasks of his own functions, the owner all. To others a task that is not theirs does not exist. */
  async function visible(id: string, account: Account): Promise<TaskRow> {
    const task = await compute.tasks.get(id);
    const { offer } = await compute.offers.get(task.offer);
    if (account.role !== 'owner' && offer.owner !== account.address)
      throw new ComputeError('task_not_found', 404, 'No task has this id on this node.');
    return task;
  }

  const output = (name: 'stdout' | 'stderr') =>
    route({
      method: 'GET',
      path: `/api/tasks/:id/${name}`,
      policy: 'session',
      summary: name === 'stdout' ? 'What the program wrote to standard output' : 'What the program wrote to standard error',
      params: one,
      async handle(call) {
        const task = await visible(call.params.id, callerOf(call).account);
        const kept = await compute.tasks.output(task.id);
        if (!kept) throw new ComputeError('task_not_found', 404, 'The output of this task is not kept any more.');
        return call.reply
          .headers({ ...sandboxHeaders, 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
          .send(kept[name]);
      },
    });

  return [
    route({
      method: 'GET',
      path: '/api/tasks',
      policy: 'session',
      summary: 'Tasks, newest first',
      query: z.strictObject({ after: z.string().max(256).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) }),
      answer: taskList,
      async handle(call) {
        const { account } = callerOf(call);
        const { after, limit } = call.query;
        const tasks = await compute.tasks.list({
          owner: account.role === 'owner' ? undefined : account.address,
          after: parseCursor(after),
          limit,
        });
        const last = tasks.length === limit ? tasks.at(-1) : undefined;
        return { tasks: await Promise.all(tasks.map(summarise)), next: last ? `${last.startedAt}.${last.id}` : null };
      },
    }),
    route({
      method: 'GET',
      path: '/api/tasks/:id',
      policy: 'session',
      summary: 'One task with its receipt',
      params: one,
      answer: taskSummary,
      handle: async (call) => summarise(await visible(call.params.id, callerOf(call).account)),
    }),
    output('stdout'),
    output('stderr'),
    route({
      method: 'GET',
      path: '/api/earnings',
      policy: 'session',
      summary: 'What the caller has earned as a seller',
      answer: earnings,
      async handle(call) {
        const totals = await payments.earnings({ payTo: callerOf(call).account.address });
        const calls = totals.reduce((count, total) => count + total.payments, 0);
        return { settled: sumOf(totals, token), calls, token };
      },
    }),
  ];
};

function parseCursor(after: string | undefined): { startedAt: number; id: string } | undefined {
  const match = /^(\d{1,15})\.([a-z0-9]{1,128})$/.exec(after ?? '');
  return match ? { startedAt: Number(match[1]), id: match[2] ?? '' } : undefined;
}
