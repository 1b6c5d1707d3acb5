import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Database } from '@freehold/database';
import { openTestDatabase } from '../../../database/src/testing/open-test-database.ts';
import { openDrive, type Drive, type DriveDeps } from '../drive.ts';
import { openTestBucket, type TestBucket } from './test-bucket.ts';

export type TemporaryDrive = {
  drive: Drive;
  database: Database;
  directory: string;
  /** The drive's time in milliseconds; it moves by one at each look, so that no two things happen at once. */
  clock: { now: number };
  /** Paths of all large content as it is stored, and of all uploads under way. */
  files: () => string[];
};

/** Where the large content of a test's drive lives. */
export const storages = ['files', 's3'] as const;
export type Storage = (typeof storages)[number];

/** A started drive on a real disk and database, removed when the test ends. */
export async function temporaryDrive(
  t: Pick<TestContext, 'after'>,
  { storage = 'files', ...deps }: Partial<Pick<DriveDeps, 'options' | 'flush' | 'log'>> & { storage?: Storage } = {},
): Promise<TemporaryDrive & { bucket: TestBucket | undefined }> {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-drive-'));
  const database = await openTestDatabase({ path: join(directory, 'node.db') });
  const bucket = storage === 's3' ? await openTestBucket() : undefined;
  const clock = { now: 1_800_000_000_000 };
  const drive = openDrive({ database, directory, bucket: bucket?.options, log: () => {}, now: () => clock.now++, ...deps });
  await drive.start();
  t.after(async () => {
    await drive.stop();
    await database.close();
    await bucket?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { drive, database, directory, clock, bucket, files: () => [...filesBelow(directory), ...(bucket?.files() ?? [])] };
}

export const filesBelow = (directory: string): string[] =>
  ['blobs', 'uploads', 'parts']
    .filter((folder) => existsSync(join(directory, folder)))
    .flatMap((folder) =>
      readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name)),
    );
