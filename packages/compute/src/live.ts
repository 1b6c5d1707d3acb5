import type { Address } from '@freehold/protocol';
import type { Plan, TaskName } from './identify.ts';
import type { Outcome } from './outcome.ts';

/** A task that waits or runs now, for whoever watches. */
export type LiveTask = {
  id: string;
  offer: string;
  /** The seller. */
  owner: Address;
  payer: Address | null;
  state: 'waiting' | 'running';
  /** When it began, or was accepted. */
  since: number;
  /** Bytes that it has written so far, of a batch run. */
  stdoutBytes: number;
  stderrBytes: number;
};

export type TaskChange = {
  id: string;
  offer: string;
  owner: Address;
  payer: Address | null;
  state: 'waiting' | 'running' | 'ended';
  /** Its caller does not wait for it. */
  isDetached: boolean;
};

/** One of them, for what runs it. */
export type Live = {
  /** Fires when it is cancelled, or when nobody waits for it any more. */
  signal: AbortSignal;
  /** Fires it: what runs has broken a rule. */
  stop(): void;
  begin(): void;
  /** It has written so much more. */
  wrote(stream: 'stdout' | 'stderr', bytes: number): void;
};

type Entry = LiveTask & { isDetached: boolean; controller: AbortController; waiters: number; promise: Promise<Outcome> };

const toTask = ({ id, offer, owner, payer, state, since, stdoutBytes, stderrBytes }: Entry): LiveTask => ({
  id,
  offer,
  owner,
  payer,
  state,
  since,
  stdoutBytes,
  stderrBytes,
});

/** Stands in an entry for the moment in which its work is begun. */
const nothingYet = new Promise<never>(() => {});

/** The tasks of this moment. Equal calls join one that is there. */
export function openLive({ now }: { now: () => number }) {
  const entries = new Map<string, Entry>();
  const listeners = new Set<(change: TaskChange) => void>();

  function tell({ id, offer, owner, payer, isDetached }: Entry, state: TaskChange['state']): void {
    for (const listener of listeners) listener({ id, offer, owner, payer, isDetached, state });
  }

  /** One more waits; when all have gone away, it is stopped. */
  function wait(entry: Entry, signal: AbortSignal | undefined): Promise<Outcome> {
    entry.waiters++;
    if (signal) {
      const leave = () => {
        entry.waiters--;
        if (entry.waiters === 0) entry.controller.abort();
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      void entry.promise.catch(() => {}).finally(() => signal.removeEventListener('abort', leave));
    }
    return entry.promise;
  }

  async function end(entry: Entry, running: Promise<Outcome>): Promise<Outcome> {
    try {
      return await running;
    } finally {
      if (entries.get(entry.id) === entry) entries.delete(entry.id);
      tell(entry, 'ended');
    }
  }

  return {
    join(id: string, signal?: AbortSignal): Promise<Outcome> | undefined {
      const entry = entries.get(id);
      return entry && !entry.controller.signal.aborted ? wait(entry, signal) : undefined;
    },

    add(
      {
        plan,
        name: { id },
        payer,
        isDetached = false,
        signal,
      }: { plan: Plan; name: TaskName; payer: Address | undefined; isDetached?: boolean; signal?: AbortSignal | undefined },
      work: (live: Live) => Promise<Outcome>,
    ): Promise<Outcome> {
      const controller = new AbortController();
      const entry: Entry = {
        id,
        offer: plan.call.id,
        owner: plan.call.offer.owner,
        payer: payer ?? null,
        state: 'waiting',
        since: now(),
        stdoutBytes: 0,
        stderrBytes: 0,
        isDetached,
        controller,
        waiters: 0,
        promise: nothingYet,
      };
      entries.set(id, entry);
      tell(entry, 'waiting');
      const running = work({
        signal: controller.signal,
        stop: () => controller.abort(),
        begin() {
          entry.state = 'running';
          entry.since = now();
          tell(entry, 'running');
        },
        wrote(stream, bytes) {
          if (stream === 'stdout') entry.stdoutBytes += bytes;
          else entry.stderrBytes += bytes;
        },
      });
      entry.promise = end(entry, running);
      return wait(entry, signal);
    },

    /** For one of those who wait for it (`isOne`), only when nobody else does. */
    cancel(id: string, { isOne = false }: { isOne?: boolean } = {}): 'stopped' | 'shared' | 'ended' {
      const entry = entries.get(id);
      if (!entry) return 'ended';
      if (isOne && entry.waiters > 1) return 'shared';
      entry.controller.abort();
      return 'stopped';
    },

    list: (): LiveTask[] => [...entries.values()].map(toTask),

    get: (id: string): LiveTask | undefined => {
      const entry = entries.get(id);
      return entry && toTask(entry);
    },

    onChange(listener: (change: TaskChange) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    get size() {
      return entries.size;
    },

    async idle(): Promise<void> {
      await Promise.allSettled([...entries.values()].map(({ promise }) => promise));
    },
  };
}
