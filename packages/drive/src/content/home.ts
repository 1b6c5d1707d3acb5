import { randomUUID } from 'node:crypto';
import type { Database } from '@freehold/database';
import { DriveError } from '../error.ts';
import { blobRows } from '../store/blobs.ts';
import { objectRows } from '../store/objects.ts';
import type { Shelf } from './shelf.ts';

/**
 * Makes sure that the content of this database is on this shelf, before anything is read or written: a bucket named by
 * mistake, or a second node with files of its own, would lose sight of content without a word.
 * Errors: `content_elsewhere`.
 */
export async function settleHome({ database, shelf }: { database: Database; shelf: Shelf }): Promise<void> {
  const known = await objectRows(database.read).home();
  const found = await shelf.home();
  if (known !== undefined && found === known) return;
  const wereFiles = known === undefined || known.startsWith('files:');

  if (shelf.kind === 'files' && wereFiles) {
    // Beside a SQLite database they can only be the files of this node, restored or from before they had a name.
    if (database.dialect === 'postgres' && known !== undefined) throw foreignFiles(shelf);
  } else {
    if (!wereFiles && found !== undefined) throw elsewhere(shelf);
    const sample = await blobRows(database.read).large();
    const stored = sample && (await shelf.open(sample.cid));
    if (sample && !stored) throw elsewhere(shelf);
    await stored?.close();
  }

  const home = found ?? `${shelf.kind}:${randomUUID()}`;
  await database.transaction((tx) => objectRows(tx).setHome(home, known));
  // Of several nodes that start at once, the first decides for all.
  const settled = (await objectRows(database.read).home()) ?? home;
  if (shelf.kind === 'files' && database.dialect === 'postgres' && settled !== home) throw foreignFiles(shelf);
  if (settled !== found) await shelf.setHome(settled);
}

const elsewhere = (shelf: Shelf) =>
  new DriveError(
    'content_elsewhere',
    shelf.kind === 's3'
      ? `The content that the database names is not in ${shelf.place}. Check S3_ENDPOINT, S3_BUCKET and S3_PREFIX; to move from files to S3, first copy everything in the folder drive/blobs of the data directory to that place.`
      : 'The content that the database names is in an S3 bucket. Set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY as before.',
  );

const foreignFiles = (shelf: Shelf) =>
  new DriveError(
    'content_elsewhere',
    `Another node keeps the content of this database in files of its own, not in ${shelf.place}. Several nodes on one PostgreSQL need a place that all of them reach: set S3_ENDPOINT and the other S3 settings on each.`,
  );
