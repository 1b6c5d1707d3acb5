import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

export type Locks = {
  /** One holder at a time; undefined when it is not to be had in time. */
  lock(name: string): Promise<Disposable | undefined>;
};

/** How often a lock that somebody else has is tried again. */
const everyMs = 20;

/**
 * Locks of all processes of a person, each a file that is locked by the operating system through SQLite: who dies lets go. Undefined when
 * it is not to be had within `patienceMs`.
 */
export function openFileLocks(directory: string, { patienceMs = 60_000 }: { patienceMs?: number } = {}): Locks {
  return {
    async lock(name: string): Promise<Disposable | undefined> {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = join(directory, `${name.replaceAll(/[^0-9a-zA-Z-]/g, '-')}.lock`);
      for (let waited = 0; ; waited += everyMs) {
        const database = new DatabaseSync(file, { timeout: 0 });
        try {
          database.exec('BEGIN EXCLUSIVE');
          let isHeld = true;
          return {
            [Symbol.dispose]() {
              if (isHeld) database.close();
              isHeld = false;
            },
          };
        } catch (error) {
          database.close();
          const isBusy = error instanceof Error && /locked|busy/i.test(error.message);
          if (!isBusy) throw error;
          if (waited >= patienceMs) return undefined;
        }
        await sleep(everyMs);
      }
    },
  };
}

/** The same within one program. */
export function openMemoryLocks(): Locks {
  const waiting = new Map<string, Promise<void>>();
  return {
    async lock(name: string): Promise<Disposable | undefined> {
      const before = waiting.get(name) ?? Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(
        name,
        before.then(() => promise),
      );
      await before;
      return { [Symbol.dispose]: resolve };
    },
  };
}
