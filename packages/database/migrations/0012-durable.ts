import type { Migration } from '../src/migration.ts';

/**
 * What keeps files safe over years.
 *
 * - `drive.keep_*`: how many earlier contents of a file are kept, for how many days, and for how many days the trash; NULL for the standard, 0 days for ever.
 * - `entry.last_version`: the number given last, so that none is ever given twice.
 * - `version.replaced_at`: since when it is an earlier content, which is when its days begin; `version.name`: what a person called it, which keeps it.
 * - `blob.verified_at`: when its bytes were last found to be right; `blob.damaged_at`: since when they are known to be wrong or missing.
 * - `upkeep`: where a background pass over many rows is to go on.
 */
export default {
  id: '0012-durable',
  statements: ({ integer, strict }) => [
    `ALTER TABLE drive ADD COLUMN keep_versions ${integer}`,
    `ALTER TABLE drive ADD COLUMN keep_version_days ${integer}`,
    `ALTER TABLE drive ADD COLUMN keep_trash_days ${integer}`,
    `ALTER TABLE entry ADD COLUMN last_version ${integer} NOT NULL DEFAULT 0`,
    `UPDATE entry SET last_version = (SELECT COALESCE(MAX(number), 0) FROM version WHERE version.entry = entry.id) WHERE kind = 'file'`,
    `ALTER TABLE version ADD COLUMN replaced_at ${integer} NOT NULL DEFAULT 0`,
    `ALTER TABLE version ADD COLUMN name TEXT`,
    `UPDATE version SET replaced_at = modified_at`,
    `CREATE INDEX version_age ON version (drive, replaced_at)`,
    `ALTER TABLE blob ADD COLUMN verified_at ${integer}`,
    `ALTER TABLE blob ADD COLUMN damaged_at ${integer}`,
    `CREATE INDEX blob_damaged ON blob (cid) WHERE damaged_at IS NOT NULL`,
    `CREATE TABLE upkeep (
      job TEXT PRIMARY KEY,
      position TEXT NOT NULL,
      moved_at ${integer} NOT NULL
    ) ${strict}`,
  ],
} satisfies Migration;
