import type { Migration } from '../src/migration.ts';

/**
 * Puter workers: scripts in a drive that answer requests under a name, which is the node's. The script is read from its entry at
 * every call. `app` is the app as which a worker acts. Their logs are what they wrote to standard error, one row a call.
 */
export default {
  id: '0019-workers',
  statements: ({ integer, name, strict }) => [
    `CREATE TABLE worker (
      name ${name} PRIMARY KEY,
      account TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      app TEXT NOT NULL,
      entry TEXT NOT NULL,
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX worker_account ON worker (account, name)`,
    `CREATE TABLE worker_log (
      id TEXT PRIMARY KEY,
      worker ${name} NOT NULL,
      at ${integer} NOT NULL,
      text TEXT NOT NULL
    ) ${strict}`,
    `CREATE INDEX worker_log_of ON worker_log (worker, at, id)`,
  ],
} satisfies Migration;
