import type { Migration } from '../src/migration.ts';

export default {
  id: '0004-compute',
  statements: ({ integer, bytes, strict }) => [
    `CREATE TABLE program (
      cid TEXT PRIMARY KEY,
      size ${integer} NOT NULL,
      kind TEXT NOT NULL,
      runtime TEXT NOT NULL,
      exports TEXT NOT NULL,
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE TABLE offer (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      document TEXT NOT NULL,
      signature TEXT NOT NULL,
      owner TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      withdrawn_at ${integer}
    ) ${strict}`,
    `CREATE UNIQUE INDEX offer_live_name ON offer (name) WHERE withdrawn_at IS NULL`,
    `CREATE TABLE task (
      id TEXT PRIMARY KEY,
      offer TEXT NOT NULL REFERENCES offer (id),
      state TEXT NOT NULL,
      reason TEXT,
      exit_code ${integer},
      started_at ${integer} NOT NULL,
      wall_us ${integer},
      cpu_us ${integer},
      max_rss_bytes ${integer},
      stdout_sha256 TEXT,
      stdout ${bytes},
      stderr ${bytes},
      cacheable ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX task_newest ON task (started_at DESC, id)`,
    `CREATE INDEX task_of_offer ON task (offer, started_at DESC, id)`,
    `CREATE TABLE receipt (
      task TEXT NOT NULL REFERENCES task (id),
      payer TEXT NOT NULL,
      nonce TEXT NOT NULL,
      document TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (task, payer, nonce)
    ) ${strict}`,
  ],
} satisfies Migration;
