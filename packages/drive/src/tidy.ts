import type { Account, Context } from './account.ts';
import { dropVersions, pruneVersions, retentionOf, tooOld } from './retention.ts';
import { driveRows } from './store/drives.ts';
import { crowdedFiles, versionSlice } from './store/versions.ts';
import { trashOf } from './trash.ts';

/** Drives and files looked at between two questions to the database. */
const page = 200;

/**
 * Deletes what the drives of the node keep no longer: things that have been in the trash for too long, and earlier contents that are too
 * old or too many. In slices, so that nobody waits for it; what a stop interrupts, the next pass finds again.
 */
export async function tidy(
  context: Context,
  accountOf: (name: string) => Account,
  { signal }: { signal: AbortSignal },
): Promise<{ trashed: number; versions: number }> {
  const { database, now, settings } = context;
  const done = { trashed: 0, versions: 0 };

  for (let drives = await driveRows(database.read).page('', page); drives.length > 0;) {
    for (const { account: name, ...row } of drives) {
      const account = accountOf(name);
      const { trashDays, versionDays } = retentionOf(row, settings);
      if (trashDays > 0) done.trashed += await trashOf(account, context).emptyTrash({ until: tooOld(trashDays, now()), signal });
      if (versionDays > 0) done.versions += await dropAged(account, tooOld(versionDays, now()));
    }
    drives = await driveRows(database.read).page(drives.at(-1)?.account ?? '', page);
  }

  // A drive whose setting was lowered has files that hold more than that, though nobody writes to them.
  for (let files = await crowdedFiles(database.read).page('', page); files.length > 0;) {
    for (const { entry, account, held, keep } of files) {
      signal.throwIfAborted();
      const surplus = held - (keep ?? settings.keepVersions);
      if (surplus <= 0) continue;
      await accountOf(account).change((writing) => pruneVersions(writing, entry, context));
      done.versions += surplus;
    }
    files = await crowdedFiles(database.read).page(files.at(-1)?.entry ?? '', page);
  }
  return done;

  async function dropAged(account: Account, until: number): Promise<number> {
    for (let dropped = 0; ;) {
      signal.throwIfAborted();
      const slice = await account.change(async ({ store }) => {
        const aged = await store.versions.aged(until);
        await dropVersions(store, aged, now());
        return aged.length;
      });
      dropped += slice;
      if (slice < versionSlice) return dropped;
    }
  }
}
