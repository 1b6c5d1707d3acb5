import type { Log } from './log.ts';

/**
 * Writes down when something was last used, one note at a time for each. Not awaited by the request that it stands for: a late note is
 * not worth a flush to the disk before every answer.
 */
export function createNotesOfUse(log: Log) {
  const writing = new Set<string>();
  return async (id: string, write: () => Promise<unknown>): Promise<void> => {
    if (writing.has(id)) return;
    writing.add(id);
    try {
      await write();
    } catch (error) {
      log('identity.touch_failed', { message: error instanceof Error ? error.message : String(error) });
    } finally {
      writing.delete(id);
    }
  };
}
