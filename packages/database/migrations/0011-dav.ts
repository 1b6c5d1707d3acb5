import type { Migration } from '../src/migration.ts';

/**
 * What WebDAV (RFC 4918) keeps besides the files.
 *
 * - `property`: properties that a client made up and the node only keeps; `value` is the XML inside of the element, each of its
 *   elements declaring its own namespace. They belong to the entry, so they go where it goes, and end with it.
 * - `write_lock.path`: from the root of the drive, "/a/b", "" for the root itself, in the form under which names collide. A lock is on
 *   the place and not on the entry, because a MOVE leaves it behind (RFC 4918 §7.5). `infinite`: with everything below.
 */
export default {
  id: '0011-dav',
  statements: ({ integer, name, strict }) => [
    `CREATE TABLE property (
      entry TEXT NOT NULL,
      namespace ${name} NOT NULL,
      name ${name} NOT NULL,
      drive TEXT NOT NULL REFERENCES drive (id),
      value TEXT NOT NULL,
      PRIMARY KEY (entry, namespace, name)
    ) ${strict}`,
    `CREATE TABLE write_lock (
      token TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      path ${name} NOT NULL,
      infinite ${integer} NOT NULL CHECK (infinite IN (0, 1)),
      exclusive ${integer} NOT NULL CHECK (exclusive IN (0, 1)),
      owner TEXT NOT NULL,
      principal TEXT NOT NULL,
      timeout ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX write_lock_path ON write_lock (drive, path)`,
    `CREATE INDEX write_lock_expires_at ON write_lock (expires_at)`,
  ],
} satisfies Migration;
