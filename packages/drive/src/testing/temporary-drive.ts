import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openDatabase, type Database } from '@freehold/database';
import { openDrive, type Drive, type DriveDeps } from '../drive.ts';

export type TemporaryDrive = {
  drive: Drive;
  database: Database;
  directory: string;
  /** The drive's time in milliseconds; it moves by one at each look, so that no two things happen at once. */
  clock: { now: number };
  /** Paths below the directory of all blobs and all uploads under way. */
  files: () => string[];
};

/** A started drive on a real disk and database, removed when the test ends. */
export async function temporaryDrive(
  t: Pick<TestContext, 'after'>,
  deps: Partial<Pick<DriveDeps, 'options' | 'flush' | 'log'>> = {},
): Promise<TemporaryDrive> {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-drive-'));
  const database = await openDatabase({ path: join(directory, 'node.db') });
  const clock = { now: 1_800_000_000_000 };
  const drive = openDrive({ database, directory, log: () => {}, now: () => clock.now++, ...deps });
  await drive.start();
  t.after(async () => {
    await drive.stop();
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { drive, database, directory, clock, files: () => filesBelow(directory) };
}

export const filesBelow = (directory: string): string[] =>
  ['blobs', 'uploads'].flatMap((folder) =>
    readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name)),
  );
