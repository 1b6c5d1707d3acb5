import type { TaskRow } from '@freehold/compute';
import { os402StreamDigest, taskDigest } from '@freehold/protocol';
import { z } from 'zod';
import { callerOf, route } from '../http/route.ts';
import { sandboxHeaders } from '../http/user-content.ts';
import { findTask, outputFor, type TaskRoutesOptions } from './tasks.ts';

/** Tasks as OS402's clients ask for them: ids in hexadecimal, times in SECONDS. */
export const os402TaskRoutes = (options: Pick<TaskRoutesOptions, 'compute' | 'access' | 'signer'>) => {
  const { compute, signer } = options;
  const [find, outputOf] = [findTask(options), outputFor(options)];
  const params = z.strictObject({ id: z.string().min(1).max(128) });
  const query = z.strictObject({ access: z.string().max(64).optional() });
  const headers = { ...sandboxHeaders, 'access-control-allow-origin': '*' };

  const stream = (name: 'stdout' | 'stderr') =>
    route({
      method: 'GET',
      path: `/tasks/:id/${name}`,
      policy: 'signed',
      summary: `What a task wrote to ${name}, with OS402's signature`,
      params,
      query,
      answer: z.object({
        content: z.string(),
        sha256: z.string(),
        signature: z.string(),
        exit_code: z.number().optional(),
        status: z.string(),
      }),
      async handle(call) {
        const seen = await find(call);
        const content = await outputOf(seen, name);
        const sha256 = seen.task[name].sha256 ?? '';
        const owner = signer.address;
        const digest = os402StreamDigest({ stream: name, owner, task: seen.task.id, contentSha256: `0x${sha256}` });
        call.reply.headers(headers);
        return {
          content: content.toString(),
          sha256,
          signature: await signer.signDigest(digest),
          ...(seen.task.exitCode !== null && { exit_code: seen.task.exitCode }),
          status: statusOf(seen.task),
          owner,
        };
      },
    });

  return [
    route({
      method: 'GET',
      path: '/tasks',
      policy: 'session',
      summary: 'The tasks that the caller paid for, by id',
      answer: z.record(z.string(), z.object({ status: z.string(), started_at: z.number(), expires_at: z.number() })),
      async handle(call) {
        const tasks = await compute.tasks.list({ payer: callerOf(call).account.address, limit: 200 });
        return Object.fromEntries(tasks.map((task) => [hexOf(task), describe(task)]));
      },
    }),
    route({
      method: 'GET',
      path: '/tasks/:id',
      policy: 'signed',
      summary: 'How a task stands',
      params,
      query,
      answer: z.object({ id: z.string(), status: z.string(), started_at: z.number(), expires_at: z.number(), signer: z.string() }),
      async handle(call) {
        const { task } = await find(call);
        call.reply.headers(headers);
        const { stdout, stderr, exitCode } = task;
        return {
          id: hexOf(task),
          ...describe(task),
          ...(exitCode !== null && { exit_code: exitCode }),
          ...(stdout.sha256 !== null && { stdout_sha256: stdout.sha256 }),
          ...(stderr.sha256 !== null && { stderr_sha256: stderr.sha256 }),
          signer: signer.address,
        };
      },
    }),
    stream('stdout'),
    stream('stderr'),
  ];
};

const hexOf = ({ id }: TaskRow): string => taskDigest(id).slice(2);

const describe = (task: TaskRow) => ({
  status: statusOf(task),
  started_at: Math.floor(task.startedAt / 1000),
  expires_at: Math.floor((task.expiresAt ?? task.startedAt) / 1000),
});

function statusOf({ state, reason }: TaskRow): string {
  if (state === 'waiting') return 'pending';
  if (state === 'done') return 'completed';
  if (state === 'running') return 'running';
  return reason === 'exit' || reason === 'trap' || reason === 'signal' || reason === 'invalid' ? 'failed' : 'killed';
}
