import type { Retention } from '@freehold/protocol';
import type { Account, Context, Settings, Writing } from './account.ts';
import type { Store } from './store.ts';
import type { RetentionRow } from './store/retention.ts';
import { versionSlice, type Held } from './store/versions.ts';

const day = 86_400_000;

/** What holds for a drive: its own settings where it has some, else those of the node. */
export const retentionOf = (row: RetentionRow | undefined, settings: Settings): Retention => ({
  versions: row?.keep_versions ?? settings.keepVersions,
  versionDays: row?.keep_version_days ?? settings.keepVersionDays,
  trashDays: row?.keep_trash_days ?? settings.keepTrashDays,
});

/** The time at or before which something is too old; 0 days are for ever. */
export const tooOld = (days: number, now: number): number => (days === 0 ? -1 : now - days * day);

/** Takes versions away and gives back what they held: the reference to their content, and their bytes of the quota. */
export async function dropVersions({ versions, blobs, usage }: Store, dropped: readonly Held[], now: number): Promise<void> {
  for (const { entry, number, cid } of dropped) {
    await versions.remove(entry, number);
    await blobs.release(cid, now);
  }
  if (dropped.length > 0) await usage.subtract(dropped.reduce((sum, { size }) => sum + size, 0));
}

/** Brings one file down to what its drive keeps of earlier contents. */
export async function pruneVersions({ store }: Pick<Writing, 'store'>, entry: string, { settings, now }: Context): Promise<void> {
  const { versions: keep, versionDays } = retentionOf(await store.retention.read(), settings);
  for (;;) {
    const surplus = await store.versions.surplus(entry, { keep, until: tooOld(versionDays, now()) });
    await dropVersions(store, surplus, now());
    if (surplus.length < versionSlice) return;
  }
}

/** How long a drive keeps earlier contents and trash: to be looked at and set by whoever owns the drive. */
export const retaining = (account: Account, context: Context) => ({
  async retention(): Promise<Retention> {
    const { store } = await account.look();
    return retentionOf(await store.retention.read(), context.settings);
  },

  /** Null goes back to the standard of the node; what is not given stays. What is too much or too old goes in the background. */
  async setRetention({
    versions,
    versionDays,
    trashDays,
  }: { [Setting in keyof Retention]?: number | null | undefined }): Promise<Retention> {
    return account.change(async ({ store }) => {
      const row = await store.retention.read();
      const pick = (given: number | null | undefined, present: number | null | undefined) =>
        given === undefined ? (present ?? null) : given;
      const next = {
        keep_versions: pick(versions, row?.keep_versions),
        keep_version_days: pick(versionDays, row?.keep_version_days),
        keep_trash_days: pick(trashDays, row?.keep_trash_days),
      };
      await store.retention.set(next);
      return retentionOf(next, context.settings);
    });
  },
});
