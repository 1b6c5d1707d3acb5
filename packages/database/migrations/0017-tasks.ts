import type { Migration } from '../src/migration.ts';

/**
 * What is known of a task.
 *
 * - `payer`: the wallet it ran for; null when nobody paid. `message`: why it failed, in a sentence.
 * - `chargeable`: it came to an end that is paid for.
 * - `preimage`: the DAG-CBOR block of which its id is the CID, so that anybody who may see the task can tell what ran.
 * - Its streams by size and hash. `stdout` and `stderr` hold small ones; larger ones are files by hash on the disk of `node`.
 * - `kept`: its outputs can still be had, until `expires_at` or until room is needed, which takes those first whose `used_at` is longest ago.
 * - `task_usage`: calls of an offer by day (days since the epoch) and by how they were answered.
 * - `compute_key`: keys for telling private inputs apart and for handing out the right to read a task; the same on all nodes of the database.
 */
export default {
  id: '0017-tasks',
  statements: ({ integer, bytes, strict }) => [
    `ALTER TABLE task ADD COLUMN payer TEXT`,
    `ALTER TABLE task ADD COLUMN message TEXT`,
    `ALTER TABLE task ADD COLUMN ended_at ${integer}`,
    `ALTER TABLE task ADD COLUMN fuel ${integer}`,
    `ALTER TABLE task ADD COLUMN chargeable ${integer} NOT NULL DEFAULT 0`,
    `ALTER TABLE task ADD COLUMN preimage ${bytes}`,
    `ALTER TABLE task ADD COLUMN stdout_size ${integer} NOT NULL DEFAULT 0`,
    `ALTER TABLE task ADD COLUMN stderr_size ${integer} NOT NULL DEFAULT 0`,
    `ALTER TABLE task ADD COLUMN stderr_sha256 TEXT`,
    `ALTER TABLE task ADD COLUMN kept ${integer} NOT NULL DEFAULT 0`,
    `ALTER TABLE task ADD COLUMN used_at ${integer}`,
    `ALTER TABLE task ADD COLUMN expires_at ${integer}`,
    `ALTER TABLE task ADD COLUMN signer TEXT`,
    `ALTER TABLE task ADD COLUMN signature TEXT`,
    `UPDATE task SET chargeable = 1 WHERE state = 'done'`,
    `UPDATE task SET kept = 1, stdout_size = LENGTH(stdout), stderr_size = LENGTH(stderr), used_at = started_at, expires_at = started_at + 2592000000 WHERE stdout IS NOT NULL`,
    `CREATE INDEX task_of_payer ON task (payer, started_at DESC, id) WHERE payer IS NOT NULL`,
    `CREATE INDEX task_least_used ON task (used_at) WHERE kept = 1`,
    `CREATE INDEX task_expiring ON task (expires_at) WHERE kept = 1`,
    `CREATE INDEX task_stdout_hash ON task (stdout_sha256) WHERE kept = 1 AND stdout IS NULL`,
    `CREATE INDEX task_stderr_hash ON task (stderr_sha256) WHERE kept = 1 AND stderr IS NULL`,
    `CREATE TABLE task_usage (
      offer TEXT NOT NULL,
      day ${integer} NOT NULL,
      outcome TEXT NOT NULL,
      calls ${integer} NOT NULL,
      PRIMARY KEY (offer, day, outcome)
    ) ${strict}`,
    `CREATE TABLE compute_key (
      purpose TEXT PRIMARY KEY,
      key ${bytes} NOT NULL
    ) ${strict}`,
  ],
} satisfies Migration;
