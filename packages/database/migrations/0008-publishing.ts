import type { Migration } from '../src/migration.ts';

/**
 * What is served by CID. Nothing is found by its hash but through `block`, and there are rows only for what was published.
 *
 * - `publication`: a snapshot of an entry. `live` = 0 while it is made or taken apart; then nobody sees its blocks. `size`: bytes of
 *   the content it holds, equal content once.
 * - `pinned`: content that a publication keeps; each row is one of the references of its blob.
 * - `block`: a block by its SHA-256 digest: `length` bytes of a blob from `start` on, or the bytes themselves (inner nodes, folders).
 * - `ipns_record`: the newest signed record of a name, as it was uploaded.
 */
export default {
  id: '0008-publishing',
  statements: ({ integer, bytes, strict }) => [
    `CREATE TABLE publication (
      id TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      entry TEXT NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('file', 'folder', 'car')),
      root TEXT NOT NULL,
      size ${integer} NOT NULL,
      files ${integer} NOT NULL,
      live ${integer} NOT NULL CHECK (live IN (0, 1)),
      touched_at ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX publication_drive ON publication (drive, id)`,
    `CREATE INDEX publication_unfinished ON publication (touched_at) WHERE live = 0`,
    `CREATE TABLE pinned (
      publication TEXT NOT NULL REFERENCES publication (id),
      cid TEXT NOT NULL,
      PRIMARY KEY (publication, cid)
    ) ${strict}`,
    `CREATE TABLE block (
      hash ${bytes} NOT NULL,
      publication TEXT NOT NULL REFERENCES publication (id),
      blob TEXT,
      start ${integer} NOT NULL,
      length ${integer} NOT NULL,
      content ${bytes},
      PRIMARY KEY (hash, publication),
      CHECK ((blob IS NULL) <> (content IS NULL))
    ) ${strict}`,
    `CREATE INDEX block_publication ON block (publication)`,
    `CREATE TABLE ipns_record (
      name TEXT PRIMARY KEY,
      drive TEXT NOT NULL REFERENCES drive (id),
      record ${bytes} NOT NULL,
      updated_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX ipns_record_drive ON ipns_record (drive, name)`,
  ],
} satisfies Migration;
