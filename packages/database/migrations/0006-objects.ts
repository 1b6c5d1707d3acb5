import type { Migration } from '../src/migration.ts';

/**
 * Large content in a store of objects (S3) that several nodes share.
 *
 * - `blob.object`: the key of its object; null where the CID alone says where the content is.
 * - `loose_object`: keys that no blob names: not yet (its upload is under way) or no more (`leaving`: to be deleted, never to be named again).
 * - `content_home`: the one row says which folder or bucket the content of this database is in, so that no node looks for it elsewhere.
 */
export default {
  id: '0006-objects',
  statements: ({ integer, strict }) => [
    `ALTER TABLE blob ADD COLUMN object TEXT`,
    `CREATE TABLE loose_object (
      object TEXT PRIMARY KEY,
      since ${integer} NOT NULL,
      leaving ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX loose_object_since ON loose_object (since, object)`,
    `CREATE TABLE content_home (
      position ${integer} PRIMARY KEY,
      home TEXT NOT NULL
    ) ${strict}`,
  ],
} satisfies Migration;
