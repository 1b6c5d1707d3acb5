import type { Migration } from '../src/migration.ts';

/**
 * Public links: whoever has the address reads one entry and what is below it. The token is kept as it is, so that its maker can copy the
 * address again; it opens nothing but what this same database holds in plain.
 */
export default {
  id: '0014-links',
  statements: ({ integer, bytes, strict }) => [
    `CREATE TABLE link (
      id TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      entry TEXT NOT NULL,
      token TEXT NOT NULL UNIQUE,
      label TEXT NOT NULL,
      salt ${bytes},
      password ${bytes},
      expires_at ${integer},
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX link_drive ON link (drive, created_at, id)`,
    `CREATE INDEX link_entry ON link (entry)`,
  ],
} satisfies Migration;
