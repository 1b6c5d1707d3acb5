import type { Migration } from '../src/migration.ts';

export default {
  id: '0016-offers',
  statements: ({ integer, bytes, strict }) => [
    `ALTER TABLE offer ADD COLUMN interface TEXT NOT NULL DEFAULT 'cgi'`,
    `UPDATE offer SET interface = 'tool' WHERE document LIKE '%"interface":"tool"%'`,
    // What a search looks through, in lower case: name, title, description, tags.
    `ALTER TABLE offer ADD COLUMN words TEXT NOT NULL DEFAULT ''`,
    `UPDATE offer SET words = lower(name)`,
    `CREATE TABLE offer_tag (
      offer TEXT NOT NULL REFERENCES offer (id),
      tag TEXT NOT NULL,
      PRIMARY KEY (offer, tag)
    ) ${strict}`,
    `CREATE INDEX offer_of_tag ON offer_tag (tag, offer)`,
    `CREATE INDEX offer_newest ON offer (created_at DESC, id)`,
    // A document of OS402, under the hash that its seller signed, and the offer that it became.
    `CREATE TABLE offer_alias (
      alias TEXT PRIMARY KEY,
      offer TEXT NOT NULL REFERENCES offer (id),
      document TEXT NOT NULL
    ) ${strict}`,
    `CREATE INDEX offer_alias_of ON offer_alias (offer)`,
    // What only the program gets to see, sealed with the key of the node that took it in.
    `CREATE TABLE offer_secret (
      owner TEXT NOT NULL,
      commitment TEXT NOT NULL,
      node TEXT NOT NULL,
      sealed ${bytes} NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (owner, commitment, node)
    ) ${strict}`,
  ],
} satisfies Migration;
