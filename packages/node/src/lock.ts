import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { ConfigError } from './error.ts';

/**
 * One node a data directory. The lock is an open exclusive transaction on a small database file: the operating system drops
 * it with the process, however that dies, so that no stale lock can keep an owner out.
 */
export function lockDataDirectory(directory: string): { release(): void } {
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new ConfigError(
      'data_in_use',
      409,
      `Another Freehold is running on ${directory}. Stop it first, or start this one with another --data directory.`,
      { cause },
    );
  }
  return { release: () => lock.close() };
}
