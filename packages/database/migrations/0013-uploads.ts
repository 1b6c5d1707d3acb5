import type { Migration } from '../src/migration.ts';

/**
 * Uploads that go on after a lost connection or a restart, and links that carry their own proof.
 *
 * - `upload`: a file that is on its way into a drive. `creator` and `app` began it and alone may end it; `fingerprint` is how its
 *   client finds it again. What arrived of it is gone after `expires_at`.
 * - `upload_part`: a part that has arrived whole and is on the disk: SHA-256 of each MiB of it; the bytes themselves of a small file.
 * - `signing_key`: 32 random bytes that all nodes of this database sign links with. No key of money.
 * - `drive.link_generation`: counted up to end all links that the account has made.
 */
export default {
  id: '0013-uploads',
  statements: ({ integer, bytes, strict }) => [
    `CREATE TABLE upload (
      id TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      creator TEXT NOT NULL,
      app TEXT,
      parent TEXT NOT NULL,
      name TEXT NOT NULL,
      size ${integer} NOT NULL,
      media_type TEXT NOT NULL,
      on_conflict TEXT NOT NULL CHECK (on_conflict IN ('fail', 'replace', 'rename')),
      part_size ${integer} NOT NULL,
      fingerprint TEXT,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX upload_drive ON upload (drive, parent, fingerprint)`,
    `CREATE INDEX upload_expires_at ON upload (expires_at, id)`,
    `CREATE TABLE upload_part (
      upload TEXT NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
      number ${integer} NOT NULL,
      digests ${bytes} NOT NULL,
      content ${bytes},
      PRIMARY KEY (upload, number)
    ) ${strict}`,
    `CREATE TABLE signing_key (
      id ${integer} PRIMARY KEY CHECK (id = 1),
      secret ${bytes} NOT NULL
    ) ${strict}`,
    `ALTER TABLE drive ADD COLUMN link_generation ${integer} NOT NULL DEFAULT 0`,
  ],
} satisfies Migration;
