import type { Context, Writing } from './account.ts';
import { DriveError } from './error.ts';
import { pruneVersions } from './retention.ts';
import { overQuota } from './stage.ts';
import type { Content, EntryRow } from './store/entries.ts';

/**
 * New content for an existing file: what it had becomes its newest version, and versions that are too many or too old go. The same
 * content again is no new version. `retain` takes the reference to the content, after it is certain that the quota has room.
 */
export async function replaceContent(
  { store, record }: Pick<Writing, 'store' | 'record'>,
  existing: EntryRow,
  content: Content,
  { context, retain }: { context: Context; retain: () => Promise<void> },
): Promise<void> {
  const { now, settings } = context;
  if (existing.cid === null || existing.parent === null)
    throw new DriveError('not_a_file', `"${existing.name}" is a folder and cannot be replaced by a file. Choose another name.`);
  const { id, cid, size, media_type, modified_at } = existing;
  if (cid === content.cid) {
    // Sent again, it may be what repairs a damaged blob; the reference that this takes is one too many.
    await retain();
    await store.blobs.release(cid, now());
  } else {
    await store.versions.add(id, { cid, size, media_type, modified_at, replaced_at: now() });
    await pruneVersions({ store }, id, context);
    if (!(await store.usage.add(content.size, settings.quota))) throw overQuota();
    await retain();
  }
  await store.entries.setContent(id, content, now());
  await record({ op: 'updated', entry: id, parent: existing.parent });
}
