import { setTimeout as wait } from 'node:timers/promises';
import { taskSummary, type TaskSummary } from '@freehold/protocol';
import { CliError } from '../error.ts';
import { NodeRefusal, type NodeClient } from '../node/client.ts';

const soonMs = 50;
const laterMs = 1_000;
/** How long a payment may take to reach the chain after the run. */
const settlingMs = 120_000;

/** How a run ended, and what it wrote. Without `stdout`, its output is not given: it failed, and nothing was charged. */
export type Ended = { task: TaskSummary; stdout: Uint8Array | undefined; stderr: Uint8Array };

/** Waits until a run has ended and its output can be had. Errors: CliError; what `signal` is aborted with. */
export async function followRun(
  id: string,
  client: NodeClient,
  { signal, now }: { signal: AbortSignal; now: () => number },
): Promise<Ended> {
  const path = `/api/tasks/${encodeURIComponent(id)}`;
  let pause = soonMs;
  const rest = async () => {
    await wait(pause, undefined, { signal });
    pause = Math.min(laterMs, pause * 1.3);
  };
  for (;;) {
    const { state } = await client.get(path, taskSummary);
    if (state === 'done' || state === 'failed') break;
    await rest();
  }
  const stderr = await client.bytes(`${path}/stderr`);
  pause = soonMs;
  for (const until = now() + settlingMs; ;) {
    try {
      const stdout = await client.bytes(`${path}/stdout`);
      return { task: await client.get(path, taskSummary), stdout, stderr };
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      if (error.status === 404) return { task: await client.get(path, taskSummary), stdout: undefined, stderr };
      if (error.status !== 425) throw error;
      if (now() > until)
        throw new CliError('The run has ended, and its payment has not reached the chain yet.', {
          advice: `Ask for its output later: freehold task stdout ${id}`,
          cause: error,
        });
      await rest();
    }
  }
}
