import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from './error.ts';

/**
 * Makes the data directory, readable by its owner alone, and sees to it that it can be written to. One folder at a time:
 * `mkdir` with `recursive` never ends on file systems that refuse a new folder with ENOENT, such as /proc.
 * Errors: `data_unusable`.
 */
export function makeDataDirectory(directory: string): void {
  try {
    for (const missing of missingFolders(directory)) mkdirSync(missing, { mode: 0o700 });
    if (!statSync(directory).isDirectory()) throw new Error('it is not a folder');
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      'data_unusable',
      400,
      `The data directory ${directory} cannot be used: ${why}. Name a folder of yours with --data.`,
      { cause },
    );
  }
}

/** The folders that are not there yet, the outermost first. */
function missingFolders(directory: string): string[] {
  if (statSync(directory, { throwIfNoEntry: false }) || dirname(directory) === directory) return [];
  return [...missingFolders(dirname(directory)), directory];
}

/** What tells this node from others on the same database. Made once; it belongs to the data directory, which one process at a time holds. */
export const nodeId = (directory: string): string => once(join(directory, 'node-id'), () => randomBytes(12).toString('hex'));

/** What this node seals with. It is never in the database, so that a copy of that opens nothing; whoever loses it must be given the secrets again. */
export const nodeKey = (directory: string): Buffer =>
  Buffer.from(
    once(join(directory, 'node-key'), () => randomBytes(32).toString('hex')),
    'hex',
  );

function once(path: string, make: () => string): string {
  if (statSync(path, { throwIfNoEntry: false })) return readFileSync(path, 'utf8').trim();
  const text = make();
  writeFileSync(path, `${text}\n`, { mode: 0o600, flush: true });
  return text;
}
