import type { Migration } from '../src/migration.ts';

/**
 * - `entry.target`: the entry that a shortcut points at; a shortcut is a file without content of its own.
 * - `entry.attributes`: what programs keep about an entry, a JSON object as text.
 * - `share`: what one account may do with an entry of another's drive, and with everything below it.
 */
export default {
  id: '0005-reach',
  statements: ({ integer, strict }) => [
    `ALTER TABLE entry ADD COLUMN target TEXT`,
    `ALTER TABLE entry ADD COLUMN attributes TEXT`,
    `CREATE TABLE share (
      id TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      entry TEXT NOT NULL,
      holder TEXT NOT NULL,
      access TEXT NOT NULL CHECK (access IN ('see', 'list', 'read', 'write', 'manage')),
      created_at ${integer} NOT NULL,
      UNIQUE (entry, holder)
    ) ${strict}`,
    `CREATE INDEX share_holder ON share (holder, created_at, id)`,
    `CREATE INDEX share_drive ON share (drive, created_at, id)`,
  ],
} satisfies Migration;
