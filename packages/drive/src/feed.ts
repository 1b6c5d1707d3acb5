import type { Database } from '@freehold/database';

const prefix = 'drive ';

/**
 * Wakes who waits for changes of a drive, on every node of the database. It carries no changes: these are read from their table, so
 * none can be missed or told twice.
 */
export type Feed = ReturnType<typeof createFeed>;

export function createFeed({ announce, onAnnounce }: Pick<Database, 'announce' | 'onAnnounce'>) {
  const waiting = new Map<string, Set<() => void>>();

  function wakeHere(drive: string): void {
    const callbacks = waiting.get(drive);
    waiting.delete(drive);
    for (const callback of callbacks ?? []) callback();
  }

  const end = onAnnounce((topic) => {
    if (topic === undefined) for (const drive of waiting.keys()) wakeHere(drive);
    else if (topic.startsWith(prefix)) wakeHere(topic.slice(prefix.length));
  });

  return {
    /** To be called after a commit. */
    wake: (drive: string): void => announce(`${prefix}${drive}`),

    /** Hears no more. */
    end,

    /** A watch, begun before the table is read: `woken` settles when something was committed since, or at the abort. Must be ended. */
    watch(drive: string, signal: AbortSignal): { woken: Promise<void>; end: () => void } {
      const { promise, resolve } = Promise.withResolvers<void>();
      const callback = () => resolve();
      const callbacks = waiting.get(drive) ?? new Set();
      waiting.set(drive, callbacks.add(callback));
      signal.addEventListener('abort', callback, { once: true });
      return {
        woken: promise,
        end() {
          signal.removeEventListener('abort', callback);
          callbacks.delete(callback);
          if (callbacks.size === 0 && waiting.get(drive) === callbacks) waiting.delete(drive);
        },
      };
    },
  };
}
