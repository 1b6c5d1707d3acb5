import type { Migration } from '../src/migration.ts';

/**
 * Two layers. `blob` is content, shared by all drives and counted by `refs`; `entry` and `version` are names that point at it.
 *
 * - `drive.used`: logical bytes of all entries and versions, trash included; `drive.seq`: number of the newest change.
 * - `blob.leaves`: SHA-256 of each MiB, 32 bytes each, when there is more than one; `blob.content`: the bytes of a small file, else they are a file on disk.
 * - `entry.name_key`: the name in Unicode NFC, under which names collide and are sorted.
 * - `entry.parent` has no foreign key: an entry in the trash remembers its folder even when that is deleted first.
 * - `doomed`: folders already deleted whose contents are still to be removed, in slices.
 */
export default {
  id: '0002-drive',
  statements: ({ integer, bytes, name, strict }) => [
    `CREATE TABLE drive (
      id TEXT PRIMARY KEY,
      account TEXT NOT NULL UNIQUE,
      root TEXT NOT NULL,
      quota ${integer},
      used ${integer} NOT NULL CHECK (used >= 0),
      seq ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE TABLE blob (
      cid TEXT PRIMARY KEY,
      size ${integer} NOT NULL,
      leaves ${bytes},
      content ${bytes},
      refs ${integer} NOT NULL CHECK (refs >= 0),
      zero_at ${integer}
    ) ${strict}`,
    `CREATE INDEX blob_unreferenced ON blob (zero_at, cid) WHERE refs = 0`,
    `CREATE TABLE entry (
      id TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      parent TEXT,
      name TEXT NOT NULL,
      name_key ${name} NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
      size ${integer} NOT NULL,
      cid TEXT,
      media_type TEXT,
      created_at ${integer} NOT NULL,
      modified_at ${integer} NOT NULL,
      trashed_at ${integer},
      CHECK ((kind = 'file') = (cid IS NOT NULL))
    ) ${strict}`,
    `CREATE UNIQUE INDEX entry_name ON entry (drive, parent, name_key) WHERE trashed_at IS NULL`,
    `CREATE INDEX entry_trash ON entry (drive, trashed_at, id) WHERE trashed_at IS NOT NULL`,
    `CREATE TABLE version (
      entry TEXT NOT NULL,
      number ${integer} NOT NULL,
      drive TEXT NOT NULL REFERENCES drive (id),
      cid TEXT NOT NULL,
      size ${integer} NOT NULL,
      media_type TEXT,
      modified_at ${integer} NOT NULL,
      PRIMARY KEY (entry, number)
    ) ${strict}`,
    `CREATE TABLE doomed (
      folder TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id)
    ) ${strict}`,
    `CREATE TABLE change (
      drive TEXT NOT NULL REFERENCES drive (id),
      seq ${integer} NOT NULL,
      op TEXT NOT NULL,
      entry TEXT NOT NULL,
      parent TEXT NOT NULL,
      origin TEXT,
      at ${integer} NOT NULL,
      PRIMARY KEY (drive, seq)
    ) ${strict}`,
  ],
} satisfies Migration;
