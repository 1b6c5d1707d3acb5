import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive, type Finding, type Progress } from '@freehold/drive';
import type { BucketConfig } from './config.ts';
import { ConfigError } from './error.ts';
import { lockDataDirectory } from './lock.ts';

export type DriveCheck = {
  dataDirectory: string;
  /** As in the configuration of the node. With PostgreSQL other nodes may be writing meanwhile. */
  databaseUrl?: string | undefined;
  bucket?: BucketConfig | undefined;
  /** Reads and hashes every byte, too. */
  rehash: boolean;
  /** Repairs what can be repaired without deleting anything of a user. */
  repair: boolean;
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
};

/**
 * Checks the drives of a node that does not run: it holds the lock of the data directory meanwhile.
 * Errors: `data_in_use` when the node runs, `data_unusable` when there is no node in the directory; DatabaseError.
 */
export async function checkDrives({ dataDirectory, databaseUrl, bucket, signal, ...request }: DriveCheck): Promise<Finding[]> {
  const path = join(dataDirectory, 'freehold.db');
  if (!existsSync(databaseUrl === undefined ? path : dataDirectory))
    throw new ConfigError('data_unusable', 404, `There is no node in ${dataDirectory}. Name its directory with --data.`);
  const lock = lockDataDirectory(dataDirectory);
  try {
    const database = await openDatabase(databaseUrl === undefined ? { path } : { url: databaseUrl });
    try {
      // Not started: nothing is swept or deleted while it is looked at.
      const drive = openDrive({ database, directory: join(dataDirectory, 'drive'), bucket, log: () => {} });
      return await drive.audit({ ...request, signal, stopped: databaseUrl === undefined });
    } finally {
      await database.close();
    }
  } finally {
    lock.release();
  }
}
