import type { Database, Sql } from '@freehold/database';
import type { Limits } from '../limits.ts';
import type { Networks } from '../networks.ts';
import type { Log } from '../rails/exact/sender.ts';
import { carry } from './carry.ts';
import { addJob, addJobCarrier, endJob, jobCarriers, openJobsOf, type Job, type NewJob } from './store.ts';

export type Jobs = ReturnType<typeof openJobs>;

const pageSize = 100;

/**
 * Transactions that the node sends for itself: claims, refunds, payouts. Each is written with all that it will say before it is signed, goes on
 * at the next start where it was, and ends once.
 */
export function openJobs({
  database,
  node,
  networks,
  onEnd,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  node: string;
  networks: Networks;
  /** Writes what a job that has ended means, in the transaction that ends it. */
  onEnd: (db: Sql, job: Job) => Promise<void>;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  const running = new Map<number, Promise<Job>>();

  function run(job: Job): Promise<Job> {
    const known = running.get(job.id);
    if (known) return known;
    const ended = carryOut(job).finally(() => running.delete(job.id));
    running.set(job.id, ended);
    return ended;
  }

  async function carryOut(job: Job): Promise<Job> {
    const network = networks.get(job.network);
    const carriers = await jobCarriers(database.read, job.id);
    const ending = await network.inSlot(() =>
      carry({
        errand: { to: job.to, data: job.data },
        carriers,
        network,
        save: (carrier) => database.transaction((db) => addJobCarrier(db, job.id, carrier)),
        limits,
        now,
        log,
        signal,
      }),
    );
    const result =
      ending.kind === 'mined'
        ? ({ state: 'done', transaction: ending.transaction } as const)
        : ({ state: 'failed', reason: ending.message } as const);
    const ended = await database.transaction(async (db) => {
      const moved = await endJob(db, { id: job.id, at: now(), ...result });
      if (moved) await onEnd(db, moved);
      return moved;
    });
    log(`payment.${job.kind}_${result.state}`, { job: job.id, network: job.network, ...result });
    return ended ?? { ...job, ...result };
  }

  return {
    /** `also` is written with the job, or neither is. The job it answers with has ended. Undefined when `also` answers false. */
    async start(job: NewJob, also: (db: Sql, id: number) => Promise<boolean> = async () => true): Promise<Job | undefined> {
      const added = await database.transaction(async (db) => {
        const fresh = await addJob(db, job, { node, at: now() });
        if (await also(db, fresh.id)) return fresh;
        await endJob(db, { id: fresh.id, state: 'failed', at: now(), reason: 'not begun' });
        return undefined;
      });
      return added && run(added);
    },
    /** Goes on with what an earlier process began. Answers those jobs; each ends by itself. */
    async resume(): Promise<Job[]> {
      const found: Job[] = [];
      for (let afterId = 0; ;) {
        const page = await openJobsOf(database.read, { node, afterId, limit: pageSize });
        for (const job of page) {
          afterId = job.id;
          found.push(job);
          run(job).catch((error: unknown) => {
            if (!signal.aborted)
              log('payment.job_failed', { job: job.id, message: error instanceof Error ? error.message : String(error) });
          });
        }
        if (page.length < pageSize) return found;
      }
    },
    /** Settles when a job that is under way has ended, whichever way. */
    async ended(id: number): Promise<void> {
      await running.get(id)?.catch(() => undefined);
    },
    async idle(): Promise<void> {
      await Promise.allSettled(running.values());
    },
  };
}
