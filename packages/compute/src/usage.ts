import type { Log } from './native/log.ts';
import type { Store } from './store.ts';
import type { Outcome } from './store/usage.ts';

const flushEveryMs = 5_000;
const dayMs = 86_400_000;
/** Runs that the statistics of an offer look at. */
const mostRuns = 2_000;

export type Statistics = {
  /** Milliseconds since the epoch: what the figures begin with. */
  since: number;
  calls: number;
  /** Share of the calls that were answered without a run, 0 to 1. */
  cachedShare: number;
  /** Of its last runs, at most 2000; null when there was none. */
  p50Us: number | null;
  p95Us: number | null;
  runs: number;
  /** Failed runs among them, by reason. */
  failures: Record<string, number>;
};

/** Counts calls in memory and writes them together: a cached answer costs no statement. What a crash takes is a few seconds of counts. */
export function openUsage({ store, now, log }: { store: Store; now: () => number; log: Log }) {
  const counts = new Map<string, { offer: string; day: number; outcome: Outcome; count: number }>();

  let writing = Promise.resolve();

  /** Settles when all counts so far are written. */
  function flush(): Promise<void> {
    const batch = [...counts.values()];
    counts.clear();
    if (batch.length > 0) writing = writing.then(() => write(batch));
    return writing;
  }

  async function write(batch: readonly { offer: string; day: number; outcome: Outcome; count: number }[]): Promise<void> {
    try {
      await store.addUsage(batch);
    } catch (error) {
      for (const { count, ...kind } of batch) add(kind, count);
      log('compute.usage.failed', { message: error instanceof Error ? error.message : String(error) });
    }
  }
  const timer = setInterval(() => void flush(), flushEveryMs).unref();

  function add(kind: { offer: string; day: number; outcome: Outcome }, count: number): void {
    const key = `${kind.offer} ${kind.outcome} ${kind.day}`;
    const known = counts.get(key);
    if (known) known.count += count;
    else counts.set(key, { ...kind, count });
  }

  return {
    count: (offer: string, outcome: Outcome): void => add({ offer, outcome, day: Math.floor(now() / dayMs) }, 1),

    /** How an offer did in the last `days`. */
    async statistics(offer: string, days: number): Promise<Statistics> {
      await flush();
      const today = Math.floor(now() / dayMs);
      const since = (today - days + 1) * dayMs;
      const [usage, runs] = await Promise.all([store.usage(offer, today - days + 1), store.lastRuns(offer, since, mostRuns)]);
      const ended = runs.filter(({ state }) => state === 'done' || state === 'failed');
      const times = ended.flatMap(({ state, wall_us: wall }) => (state === 'done' && wall !== null ? [wall] : [])).sort((a, b) => a - b);
      const failures: Record<string, number> = {};
      for (const { state, reason } of ended) {
        if (state === 'failed') failures[reason ?? 'killed'] = (failures[reason ?? 'killed'] ?? 0) + 1;
      }
      const calls = usage.ran + usage.failed + usage.joined + usage.cached;
      return {
        since,
        calls,
        cachedShare: calls === 0 ? 0 : (usage.joined + usage.cached) / calls,
        p50Us: times[Math.floor(times.length / 2)] ?? null,
        p95Us: times[Math.floor(times.length * 0.95)] ?? null,
        runs: ended.length,
        failures,
      };
    },

    async stop(): Promise<void> {
      clearInterval(timer);
      await flush();
    },
  };
}

export type Usage = ReturnType<typeof openUsage>;
