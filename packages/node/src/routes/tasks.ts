import { ComputeError, type Compute, type TaskRow } from '@freehold/compute';
import type { Payments } from '@freehold/payments';
import {
  address,
  earnings,
  liveTasks,
  offerLogs,
  offerStatistics,
  signedTaskResult,
  taskIdOfDigest,
  taskList,
  taskState,
  taskSummary,
  type Address,
  type SignedTaskResult,
  type TaskSummary,
  type Token,
} from '@freehold/protocol';
import { z } from 'zod';
import { sumOf } from '../earnings.ts';
import { RequestError } from '../error.ts';
import { callerOf, route, type Call } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import { resultOf, signResult, type Signer } from '../sale/sign.ts';
import type { Reader, TaskAccess } from '../task-access.ts';

const one = z.strictObject({ id: z.string().min(1).max(128) });
const byAccess = z.strictObject({ access: z.string().max(64).optional() });
const ofOffer = z.strictObject({ offer: z.string().min(1).max(128) });
/** Of each run in the log, the end of what it wrote to standard error, in bytes. */
const logBytes = 4_096;

export type TaskRoutesOptions = { compute: Compute; payments: Payments; token: Token | null; access: TaskAccess; signer: Signer };
type Asked = Pick<Call<{ id: string }, { access?: string | undefined }, undefined>, 'params' | 'query' | 'caller' | 'request' | 'arrival'>;
/** A task that the caller may see, and as whom. */
export type Seen = { task: TaskRow; reader: Reader };

export const noSuchTask = () => new ComputeError('task_not_found', 404, 'No task has this id on this node.');

/** The task that a caller asks for, by its id or the digest in it. To whoever may not see it, it does not exist. Errors: `task_not_found`. */
export const findTask =
  ({ compute, access }: Pick<TaskRoutesOptions, 'compute' | 'access'>) =>
  async ({ params, query, caller, request, arrival }: Asked): Promise<Seen> => {
    const digest = /^(?:0x)?([0-9a-f]{64})$/.exec(params.id)?.[1];
    const task = await compute.tasks.find(digest === undefined ? params.id : taskIdOfDigest(`0x${digest}`));
    const reader = task && (await access.readerOf(task, { caller, headers: request.headers, access: query.access, arrival }));
    if (!task || !reader) throw noSuchTask();
    return { task, reader };
  };

/** What a task wrote, as far as the reader may have it. Errors: `task_not_found`, `payment_pending`. */
export const outputFor =
  ({ compute, access }: Pick<TaskRoutesOptions, 'compute' | 'access'>) =>
  async ({ task, reader }: Seen, stream: 'stdout' | 'stderr'): Promise<Buffer> => {
    if (task.state === 'waiting' || task.state === 'running')
      throw new RequestError('payment_pending', 425, 'The task has not ended yet. Ask again when it has.');
    if (reader !== 'seller' && stream === 'stdout' && !(await access.isPaid(task)))
      throw task.chargeable
        ? new RequestError('payment_pending', 425, 'The task has ended and its payment is on its way to the chain. Ask again in a moment.')
        : new ComputeError('task_not_found', 404, 'The task failed, and nothing was charged: of such a run only its errors are given out.');
    const bytes = (await compute.tasks.output(task.id))?.[stream];
    if (!bytes) throw new ComputeError('task_not_found', 404, 'The output of this task is not kept any more.');
    return bytes;
  };

/** How a task ended, signed once. Undefined while it has not. */
export const resultFor =
  ({ compute, signer }: Pick<TaskRoutesOptions, 'compute' | 'signer'>) =>
  async (task: TaskRow): Promise<SignedTaskResult | undefined> => {
    const result = resultOf(task);
    if (!result) return undefined;
    const kept = await compute.tasks.signature(task.id);
    if (kept) return { result, ...kept };
    const signed = await signResult(signer, result);
    await compute.tasks.sign(task.id, signed);
    return signed;
  };

export const taskRoutes = (options: TaskRoutesOptions) => {
  const { compute, payments, token } = options;
  const [find, outputOf, resultOfTask] = [findTask(options), outputFor(options), resultFor(options)];

  const summarise = async ({ cacheable: _, chargeable: __, stdout, stderr, ...task }: TaskRow): Promise<TaskSummary> => {
    const receipt = (await compute.receipts.get(task.id)) ?? null;
    const progress = compute.tasks.progress(task.id);
    return {
      ...task,
      stdoutBytes: progress?.stdoutBytes ?? stdout.size,
      stderrBytes: progress?.stderrBytes ?? stderr.size,
      receipt,
      paid: receipt?.receipt.amount ?? '0',
    };
  };

  /** For who sells it, and the owner of the node. Errors: `offer_not_found`. */
  async function soldBy(
    call: Pick<Call<{ offer: string }, unknown, undefined>, 'params' | 'caller'>,
  ): Promise<{ id: string; owner: Address }> {
    const { account } = callerOf(call);
    const { id, offer } = await compute.offers.get(call.params.offer);
    if (account.role !== 'owner' && offer.owner !== account.address)
      throw new ComputeError('offer_not_found', 404, 'You sell no function with this name or id on this node.');
    return { id, owner: offer.owner };
  }

  const output = (name: 'stdout' | 'stderr') =>
    route({
      method: 'GET',
      path: `/api/tasks/:id/${name}`,
      policy: 'signed',
      summary: name === 'stdout' ? 'What the program wrote to standard output' : 'What the program wrote to standard error',
      params: one,
      query: byAccess,
      async handle(call) {
        const bytes = await outputOf(await find(call), name);
        return call.reply
          .headers({ ...sandboxHeaders, 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
          .send(bytes);
      },
    });

  return [
    route({
      method: 'GET',
      path: '/api/tasks',
      policy: 'session',
      summary: 'Tasks of your functions, newest first; with your own address as `payer`, those that you paid for',
      query: z.strictObject({
        offer: z.string().max(64).optional(),
        state: taskState.optional(),
        payer: address.optional(),
        after: z.string().max(256).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answer: taskList,
      async handle(call) {
        const { account } = callerOf(call);
        const { after, limit, offer, state, payer } = call.query;
        const isAll = account.role === 'owner' || payer === account.address;
        const tasks = await compute.tasks.list({
          seller: isAll ? undefined : account.address,
          offer,
          state,
          payer,
          after: parseCursor(after),
          limit,
        });
        const last = tasks.length === limit ? tasks.at(-1) : undefined;
        return { tasks: await Promise.all(tasks.map(summarise)), next: last ? `${last.startedAt}.${last.id}` : null };
      },
    }),
    route({
      method: 'GET',
      path: '/api/tasks/live',
      policy: 'session',
      summary: 'What waits and runs now of your functions and for you; of all, for the owner',
      answer: liveTasks,
      async handle(call) {
        const { account } = callerOf(call);
        const { waiting, running } = compute.load();
        const mine = compute.tasks
          .live()
          .filter(({ owner, payer }) => account.role === 'owner' || owner === account.address || payer === account.address)
          .slice(0, 500);
        return { tasks: mine.map(({ owner: _, ...task }) => task), waiting, running };
      },
    }),
    route({
      method: 'GET',
      path: '/api/tasks/:id',
      policy: 'signed',
      summary: 'One task with its receipt: for who paid for it, its seller and the owner',
      params: one,
      query: byAccess,
      answer: taskSummary,
      async handle(call) {
        const { task, reader } = await find(call);
        const summary = await summarise(task);
        return reader === 'guest' ? { ...summary, payer: null, receipt: null, paid: '0' } : summary;
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/tasks/:id',
      policy: 'signed',
      summary: 'Stop a task that waits or runs. Nothing is charged for it',
      params: one,
      query: byAccess,
      status: 202,
      answer: taskSummary,
      async handle(call) {
        const { task, reader } = await find(call);
        if (reader === 'guest')
          throw new ComputeError('request_invalid', 409, 'Somebody else pays for this run, so it is not stopped. It costs you nothing.');
        const done = compute.tasks.cancel(task.id, { isOne: reader !== 'seller' });
        if (done === 'shared')
          throw new ComputeError('request_invalid', 409, 'Somebody else waits for the same run, so it is not stopped.');
        if (done === 'ended') throw new ComputeError('request_invalid', 409, 'The task has ended already: there is nothing to stop.');
        return summarise(task);
      },
    }),
    output('stdout'),
    output('stderr'),
    route({
      method: 'GET',
      path: '/api/tasks/:id/result',
      policy: 'signed',
      summary: 'How the task ended and the hashes of what it wrote, signed by the node',
      params: one,
      query: byAccess,
      answer: signedTaskResult,
      async handle(call) {
        const signed = await resultOfTask((await find(call)).task);
        if (!signed) throw new RequestError('payment_pending', 425, 'The task has not ended yet. Ask again when it has.');
        return signed;
      },
    }),
    route({
      method: 'GET',
      path: '/api/tasks/:id/block',
      policy: 'signed',
      summary: 'The DAG-CBOR block whose CID is the id of the task: what exactly was run',
      params: one,
      query: byAccess,
      async handle(call) {
        const { task } = await find(call);
        const block = await compute.tasks.preimage(task.id);
        if (!block) throw new ComputeError('task_not_found', 404, 'This task is from before blocks were kept.');
        return call.reply
          .headers({ ...sandboxHeaders, 'content-type': 'application/vnd.ipld.dag-cbor', 'cache-control': 'no-store' })
          .send(Buffer.from(block));
      },
    }),
    route({
      method: 'GET',
      path: '/api/offers/:offer/statistics',
      policy: 'session',
      summary: 'How a function of yours did: calls, share of the cache, times, failures, income',
      params: ofOffer,
      query: z.strictObject({ days: z.coerce.number().int().min(1).max(90).default(30) }),
      answer: offerStatistics,
      async handle(call) {
        const { id } = await soldBy(call);
        const [statistics, totals] = await Promise.all([compute.tasks.statistics(id, call.query.days), payments.earnings({ offerId: id })]);
        return { ...statistics, earned: sumOf(totals, token) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/offers/:offer/logs',
      policy: 'session',
      summary: 'What the last runs of a function of yours wrote to standard error, newest first',
      params: ofOffer,
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
      answer: offerLogs,
      async handle(call) {
        const { id } = await soldBy(call);
        const tasks = await compute.tasks.list({ offer: id, limit: call.query.limit });
        const logs = tasks.map(async (task) => {
          const kept = await compute.tasks.output(task.id);
          const { startedAt, state, reason, message } = task;
          return { task: task.id, startedAt, state, reason, message, stderr: kept?.stderr?.subarray(-logBytes).toString() ?? '' };
        });
        return { logs: await Promise.all(logs) };
      },
    }),
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
