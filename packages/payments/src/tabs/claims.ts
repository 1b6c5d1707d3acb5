import type { Database, Sql } from '@freehold/database';
import { parseUnits, type Hex, type Token } from '@freehold/protocol';
import { z } from 'zod';
import type { Errand } from '../jobs/carry.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Job } from '../jobs/store.ts';
import type { Limits } from '../limits.ts';
import type { Log } from '../rails/exact/sender.ts';
import type { Drawing } from './draw.ts';
import { setJob, unclaimedTabs } from './store.ts';
import type { Tab, TabState } from './tab.ts';

/** What a rail's contract can do with its tabs. */
export type TabContract = {
  scheme: string;
  /** Errors: `payment_unavailable`. */
  read(tab: Tab): Promise<TabState>;
  /** Transactions that claim from tabs of one network: from each as much as can be claimed of it now. */
  claim(tabs: readonly Tab[]): Promise<Errand[]>;
};

const about = z.object({ tabs: z.array(z.string().transform((id) => id as Hex)) });
const tabsOfJob = (job: Job): Hex[] => about.parse(JSON.parse(job.about)).tabs;
/** Which tabs a job changes. */
export const aboutTabs = (tabs: readonly { id: Hex }[]): string => JSON.stringify({ tabs: tabs.map(({ id }) => id) });

const pageSize = 200;
/** Tabs of one transaction: 20 000 to 40 000 gas each. */
const batchSize = 50;

/** A claim or a refund has ended: what it came to, the chain says when it is asked next. */
export async function endTabJob(db: Sql, job: Job): Promise<void> {
  for (const id of tabsOfJob(job)) await setJob(db, id, undefined);
}

/**
 * Tells the chain what tabs have come to: many in one transaction, when they are old or large enough; at once those whose payer takes his money back,
 * for which all with something to claim are watched; and all when the node stops.
 */
export function openClaims({
  database,
  node,
  contracts,
  drawing,
  jobs,
  tokens,
  limits,
  now,
  log,
  signal,
}: {
  database: Database;
  node: string;
  contracts: readonly TabContract[];
  drawing: Drawing;
  jobs: Jobs;
  tokens: readonly Token[];
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}) {
  /** Tabs that are in a claim under way. */
  const claiming = new Set<Hex>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<unknown> = Promise.resolve();

  const contractOf = ({ scheme }: Tab) => contracts.find((one) => one.scheme === scheme);

  function isLarge({ network, asset, charged, claimed }: Tab): boolean {
    const token = tokens.find((known) => known.network === network && known.asset === asset);
    return token !== undefined && charged - claimed >= parseUnits(limits.claimFrom, token.decimals);
  }
  const isDue = (tab: Tab): boolean =>
    tab.closingAt !== undefined || isLarge(tab) || now() - (tab.unclaimedSince ?? now()) >= limits.claimAfterMs;

  async function claimThese(tabs: readonly Tab[]): Promise<void> {
    const free = tabs.filter(({ id, jobId }) => !claiming.has(id) && jobId === undefined);
    const groups = Map.groupBy(free, ({ scheme, network }) => `${scheme} ${network}`);
    const batches = [...groups.values()].flatMap((group) => chunksOf(group, batchSize));
    await Promise.all(batches.map((batch) => claimBatch(batch)));
  }

  /** A batch that the contract refuses is tried again one by one, so that none spoils the others. */
  async function claimBatch(batch: readonly Tab[]): Promise<void> {
    const [first] = batch;
    const contract = first && contractOf(first);
    if (!contract) return;
    for (const { id } of batch) claiming.add(id);
    try {
      const errands = await contract.claim(batch);
      const about = aboutTabs(batch);
      const ended = await Promise.all(errands.map((errand) => jobs.start({ network: first.network, kind: 'claim', ...errand, about })));
      if (ended.length > 0) await Promise.all(batch.map(look));
      if (!ended.some((job) => job?.state === 'failed')) return;
    } finally {
      for (const { id } of batch) claiming.delete(id);
    }
    if (batch.length > 1) for (const tab of batch) await claimBatch([tab]);
  }

  async function look(tab: Tab): Promise<Tab> {
    const contract = contractOf(tab);
    return contract ? drawing.refresh(tab, () => contract.read(tab)) : tab;
  }

  /** One round: looks at all that have something to claim, and claims what is due. */
  async function round(isWanted: (tab: Tab) => boolean): Promise<void> {
    for (let afterId = ''; !signal.aborted;) {
      const page = await unclaimedTabs(database.read, { node, afterId, limit: pageSize });
      const seen = await Promise.all(
        page.map((tab) =>
          look(tab).catch((error: unknown) => {
            log('payment.watch_failed', { tab: tab.id, message: error instanceof Error ? error.message : String(error) });
            return tab;
          }),
        ),
      );
      await claimThese(seen.filter((tab) => tab.charged > tab.claimed && isWanted(tab)));
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      afterId = last.id;
    }
  }

  const watch = (): Promise<unknown> =>
    (looking = looking
      .then(() => round(isDue))
      .catch((error: unknown) => {
        if (!signal.aborted) log('payment.claim_failed', { message: error instanceof Error ? error.message : String(error) });
      }));

  return {
    /** Goes on with the claims of an earlier process, and watches from now on. */
    start(resumed: readonly Job[]): void {
      for (const job of resumed.filter(({ kind }) => kind === 'claim')) {
        for (const id of tabsOfJob(job)) claiming.add(id);
        void jobs.ended(job.id).finally(() => {
          for (const id of tabsOfJob(job)) claiming.delete(id);
        });
      }
      timer = setInterval(watch, limits.watchMs);
      timer.unref();
    },
    /** Claims all there is. It settles when the chain has taken it. */
    async claimAll(): Promise<void> {
      await looking;
      await jobs.idle();
      await round(() => true);
    },
    watch,
    stop(): void {
      clearInterval(timer);
    },
    idle: (): Promise<unknown> => looking,
  };
}

const chunksOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
