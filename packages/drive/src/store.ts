import type { Sql } from '@freehold/database';
import { blobRows } from './store/blobs.ts';
import { changeRows } from './store/changes.ts';
import { pictureRows } from './store/derivations.ts';
import { entryRows } from './store/entries.ts';
import { linkRows } from './store/links.ts';
import { shareRows } from './store/shares.ts';
import { retentionRows } from './store/retention.ts';
import { lockRows } from './store/locks.ts';
import { propertyRows } from './store/properties.ts';
import { uploadRows } from './store/uploads.ts';
import { usageRows } from './store/usage.ts';
import { versionRows } from './store/versions.ts';

/** All rows that belong to one drive, and the blobs they point at. There is no way from here to another drive. */
export const storeOf = (tx: Sql, drive: string) => ({
  entries: entryRows(tx, drive),
  versions: versionRows(tx, drive),
  usage: usageRows(tx, drive),
  retention: retentionRows(tx, drive),
  changes: changeRows(tx, drive),
  properties: propertyRows(tx, drive),
  locks: lockRows(tx, drive),
  pictures: pictureRows(tx, drive),
  blobs: blobRows(tx),
  shares: shareRows(tx),
  links: linkRows(tx),
  uploads: uploadRows(tx, drive),
});
export type Store = ReturnType<typeof storeOf>;
