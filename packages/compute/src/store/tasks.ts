import { sql, type Database, type Sql, type Statement } from '@freehold/database';
import type { Address, Hex } from '@freehold/protocol';
import type { RunReason, RunResult } from '../engine.ts';

export type TaskState = 'waiting' | 'running' | 'done' | 'failed';

export type TaskRow = {
  id: string;
  offer: string;
  state: TaskState;
  reason: RunReason | null;
  /** One sentence on why it failed. */
  message: string | null;
  exitCode: number | null;
  /** When it began; while it waits, when it was accepted. */
  startedAt: number;
  endedAt: number | null;
  wallUs: number | null;
  cpuUs: number | null;
  maxRssBytes: number | null;
  fuel: number | null;
  /** The wallet it ran for, or null when nobody paid. */
  payer: Address | null;
  stdout: StreamRow;
  stderr: StreamRow;
  /** Whether its outputs can still be had; until when they are kept. */
  kept: boolean;
  expiresAt: number | null;
  cacheable: boolean;
  /** It came to an end that is paid for. */
  chargeable: boolean;
};
export type StreamRow = { size: number; sha256: string | null };

/** What one stream of a task is kept as: in the row, or in a file by its hash. */
export type StoredStream = { size: number; sha256: string; inline: Buffer | null; /** The room it takes. */ keptBytes: number };
export type StartedTask = { id: string; offer: string; payer: string | null; preimage: Uint8Array; now: number };
export type FinishedTask = {
  id: string;
  result: RunResult;
  stdout: StoredStream;
  stderr: StoredStream;
  /** Equal calls may be answered with it from now on. */
  cacheable: boolean;
  chargeable: boolean;
  now: number;
  expiresAt: number;
};
export type TaskSignature = { signer: Address; signature: Hex };

type TaskRecord = {
  id: string;
  offer: string;
  state: TaskState;
  reason: RunReason | null;
  message: string | null;
  exit_code: number | null;
  started_at: number;
  ended_at: number | null;
  wall_us: number | null;
  cpu_us: number | null;
  max_rss_bytes: number | null;
  fuel: number | null;
  payer: Address | null;
  stdout_size: number;
  stdout_sha256: string | null;
  stderr_size: number;
  stderr_sha256: string | null;
  kept: number;
  expires_at: number | null;
  cacheable: number;
  chargeable: number;
};

const columns = sql`id, offer, state, reason, message, exit_code, started_at, ended_at, wall_us, cpu_us, max_rss_bytes, fuel, payer, stdout_size, stdout_sha256, stderr_size, stderr_sha256, kept, expires_at, cacheable, chargeable`;

const toTask = (row: TaskRecord): TaskRow => ({
  id: row.id,
  offer: row.offer,
  state: row.state,
  reason: row.reason,
  message: row.message,
  exitCode: row.exit_code,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  wallUs: row.wall_us,
  cpuUs: row.cpu_us,
  maxRssBytes: row.max_rss_bytes,
  fuel: row.fuel,
  payer: row.payer,
  stdout: { size: row.stdout_size, sha256: row.stdout_sha256 },
  stderr: { size: row.stderr_size, sha256: row.stderr_sha256 },
  kept: row.kept === 1,
  expiresAt: row.expires_at,
  cacheable: row.cacheable === 1,
  chargeable: row.chargeable === 1,
});

export type TaskFilter = {
  /** Only tasks of this wallet's offers. */
  seller?: string | undefined;
  offer?: string | undefined;
  state?: TaskState | undefined;
  /** Only tasks that this wallet paid for. */
  payer?: string | undefined;
  /** Start time and id of the last row of the page before. */
  after?: { startedAt: number; id: string } | undefined;
  limit: number;
};

const equals = (column: Statement, value: string | undefined): Statement => (value === undefined ? sql`1 = 1` : sql`${column} = ${value}`);

/** The rows of tasks. `node` marks those that this node runs, of all on the database. */
export function openTaskStore(database: Database, node: string) {
  const { read } = database;
  const ofNode = sql`(node = ${node} OR node IS NULL)`;
  const start = (tx: Sql, task: StartedTask) =>
    tx.run(sql`INSERT INTO task (id, offer, state, started_at, cacheable, node, payer, preimage)
        VALUES (${task.id}, ${task.offer}, 'running', ${task.now}, 0, ${node}, ${task.payer}, ${task.preimage})
      ON CONFLICT (id) DO UPDATE SET state = 'running', started_at = excluded.started_at, reason = NULL, message = NULL, ended_at = NULL, node = excluded.node, payer = excluded.payer
      WHERE task.state IN ('failed', 'waiting')`);

  const finish = (tx: Sql, task: FinishedTask) =>
    tx.run(sql`UPDATE task SET state = ${isDone(task.result) ? 'done' : 'failed'}, reason = ${task.result.reason}, message = ${task.result.message},
      exit_code = ${task.result.exitCode}, ended_at = ${task.now}, wall_us = ${task.result.wallUs}, cpu_us = ${task.result.cpuUs},
      max_rss_bytes = ${task.result.maxRssBytes}, fuel = ${task.result.fuel ?? null},
      stdout = ${task.stdout.inline}, stdout_sha256 = ${task.stdout.sha256}, stdout_size = ${task.stdout.size},
      stderr = ${task.stderr.inline}, stderr_sha256 = ${task.stderr.sha256}, stderr_size = ${task.stderr.size},
      kept = 1, kept_bytes = ${task.stdout.keptBytes + task.stderr.keptBytes}, used_at = ${task.now}, expires_at = ${task.expiresAt}, signer = NULL, signature = NULL, cacheable = ${task.cacheable ? 1 : 0},
      chargeable = ${task.chargeable ? 1 : 0} WHERE id = ${task.id}`);

  /** A task from its start to its end. Its id is new: nobody else can have begun it. */
  const record = (started: StartedTask, { id, result, stdout, stderr, ...task }: FinishedTask): Statement =>
    sql`INSERT INTO task (id, offer, state, started_at, node, payer, preimage, reason, message,
        exit_code, ended_at, wall_us, cpu_us, max_rss_bytes, fuel,
        stdout, stdout_sha256, stdout_size, stderr, stderr_sha256, stderr_size,
        kept, kept_bytes, used_at, expires_at, cacheable, chargeable)
      VALUES (${id}, ${started.offer}, ${isDone(result) ? 'done' : 'failed'}, ${started.now}, ${node}, ${started.payer}, ${started.preimage}, ${result.reason}, ${result.message},
        ${result.exitCode}, ${task.now}, ${result.wallUs}, ${result.cpuUs}, ${result.maxRssBytes}, ${result.fuel ?? null},
        ${stdout.inline}, ${stdout.sha256}, ${stdout.size}, ${stderr.inline}, ${stderr.sha256}, ${stderr.size},
        1, ${stdout.keptBytes + stderr.keptBytes}, ${task.now}, ${task.expiresAt}, ${task.cacheable ? 1 : 0}, ${task.chargeable ? 1 : 0})
      ON CONFLICT (id) DO NOTHING`;

  return {
    async task(id: string): Promise<TaskRow | undefined> {
      const row = await read.get<TaskRecord>(sql`SELECT ${columns} FROM task WHERE id = ${id}`);
      return row && toTask(row);
    },

    /** Newest first, in pages. */
    async tasks({ seller, offer, state, payer, after, limit }: TaskFilter): Promise<TaskRow[]> {
      const mine = seller === undefined ? sql`1 = 1` : sql`offer IN (SELECT id FROM offer WHERE owner = ${seller})`;
      const page =
        after === undefined ? sql`1 = 1` : sql`(started_at < ${after.startedAt} OR (started_at = ${after.startedAt} AND id > ${after.id}))`;
      const rows = await read.all<TaskRecord>(
        sql`SELECT ${columns} FROM task WHERE ${mine} AND ${equals(sql`offer`, offer)} AND ${equals(sql`state`, state)} AND ${equals(sql`payer`, payer)} AND ${page}
          ORDER BY started_at DESC, id LIMIT ${limit}`,
      );
      return rows.map(toTask);
    },

    /** The bytes that are kept in the row; null for a stream that is in a file. */
    async inlineOutput(id: string): Promise<{ stdout: Buffer | null; stderr: Buffer | null } | undefined> {
      const row = await read.get<{ stdout: Uint8Array | null; stderr: Uint8Array | null }>(
        sql`SELECT stdout, stderr FROM task WHERE id = ${id} AND kept = 1`,
      );
      return row && { stdout: row.stdout && Buffer.from(row.stdout), stderr: row.stderr && Buffer.from(row.stderr) };
    },

    /** The DAG-CBOR block of which the task's id is the CID. */
    async preimage(id: string): Promise<Uint8Array | undefined> {
      const row = await read.get<{ preimage: Uint8Array | null }>(sql`SELECT preimage FROM task WHERE id = ${id}`);
      return row?.preimage ?? undefined;
    },

    /** A task whose caller does not wait for it. One that failed before is accepted anew. Answers whether it is. */
    acceptTask: (task: { id: string; offer: string; payer: string | null; preimage: Uint8Array; now: number }) =>
      database.transaction(async (tx) => {
        const changed = await tx.run(sql`INSERT INTO task (id, offer, state, started_at, cacheable, node, payer, preimage)
            VALUES (${task.id}, ${task.offer}, 'waiting', ${task.now}, 0, ${node}, ${task.payer}, ${task.preimage})
          ON CONFLICT (id) DO UPDATE SET state = 'waiting', started_at = excluded.started_at, reason = NULL, message = NULL, ended_at = NULL, node = excluded.node, payer = excluded.payer
          WHERE task.state = 'failed'`);
        return changed > 0;
      }),

    /** A task that failed before is run anew; one that runs or has a result is left alone. */
    startTask: (task: StartedTask) => database.transaction((tx) => start(tx, task)),

    finishTask: (task: FinishedTask) => database.transaction((tx) => finish(tx, task)),

    /** What `recordTasks` takes: no more of the task is kept until it is written. */
    record,

    /** Tasks from their start to their end at once, for the history. */
    recordTasks: (records: readonly Statement[]) =>
      database.transaction(
        async (tx) => {
          for (const record of records) await tx.run(record);
        },
        { isExpendable: true },
      ),

    /** It did not run, or was cut off. */
    failTask: ({ id, reason, message, now }: { id: string; reason: RunReason; message: string; now: number }) =>
      database.transaction((tx) =>
        tx.run(
          sql`UPDATE task SET state = 'failed', reason = ${reason}, message = ${message}, ended_at = ${now} WHERE id = ${id} AND state IN ('waiting', 'running')`,
        ),
      ),

    /** Its result is paid: equal calls of a deterministic function may have it. */
    shareTask: (id: string) =>
      database.transaction((tx) => tx.run(sql`UPDATE task SET cacheable = 1 WHERE id = ${id} AND state = 'done' AND kept = 1`)),

    /** Tasks of this node that a crash cut off: nothing was charged for them, so they count as failed and may be run again. */
    failOpenTasks: (message: string, now: number) =>
      database.transaction((tx) =>
        tx.run(
          sql`UPDATE task SET state = 'failed', reason = 'killed', message = ${message}, ended_at = ${now} WHERE state IN ('waiting', 'running') AND ${ofNode}`,
        ),
      ),

    async signatureOf(id: string): Promise<TaskSignature | undefined> {
      const row = await read.get<{ signer: Address | null; signature: Hex | null }>(
        sql`SELECT signer, signature FROM task WHERE id = ${id}`,
      );
      return row?.signer && row.signature ? { signer: row.signer, signature: row.signature } : undefined;
    },

    signTask: (id: string, { signer, signature }: TaskSignature) =>
      database.transaction((tx) =>
        tx.run(sql`UPDATE task SET signer = ${signer}, signature = ${signature} WHERE id = ${id} AND signer IS NULL`),
      ),

    /** Bytes of outputs that this node keeps. */
    async keptBytes(): Promise<number> {
      const row = await read.get<{ bytes: number | null }>(
        sql`SELECT CAST(SUM(kept_bytes) AS BIGINT) AS bytes FROM task WHERE kept = 1 AND ${ofNode}`,
      );
      return row?.bytes ?? 0;
    },

    /** Tasks of this node whose outputs are to go: those past their time, or those that were used least lately. */
    async droppable(which: { expiredAt: number } | { leastUsed: true }, limit: number): Promise<{ id: string; bytes: number }[]> {
      const rows = await read.all<{ id: string; bytes: number }>(
        'expiredAt' in which
          ? sql`SELECT id, kept_bytes AS bytes FROM task WHERE kept = 1 AND expires_at <= ${which.expiredAt} AND ${ofNode} ORDER BY expires_at LIMIT ${limit}`
          : sql`SELECT id, kept_bytes AS bytes FROM task WHERE kept = 1 AND ${ofNode} ORDER BY used_at LIMIT ${limit}`,
      );
      return rows;
    },

    /** Lets go of the outputs of a task; its row stays as history. Answers the files by hash that no other task of this node needs. */
    dropOutputs: (id: string) =>
      database.transaction(async (tx) => {
        const row = await tx.get<{ stdout: number; stderr: number; stdout_sha256: string | null; stderr_sha256: string | null }>(
          sql`SELECT CASE WHEN stdout IS NULL THEN 1 ELSE 0 END AS stdout, CASE WHEN stderr IS NULL THEN 1 ELSE 0 END AS stderr, stdout_sha256, stderr_sha256 FROM task WHERE id = ${id} AND kept = 1`,
        );
        if (!row) return [];
        await tx.run(sql`UPDATE task SET stdout = NULL, stderr = NULL, kept = 0, kept_bytes = 0, cacheable = 0 WHERE id = ${id}`);
        const inFiles = [row.stdout === 1 && row.stdout_sha256, row.stderr === 1 && row.stderr_sha256].filter(
          (hash) => typeof hash === 'string',
        );
        const unused: string[] = [];
        for (const hash of inFiles) {
          const other = await tx.get(
            sql`SELECT id FROM task WHERE kept = 1 AND ${ofNode} AND ((stdout_sha256 = ${hash} AND stdout IS NULL) OR (stderr_sha256 = ${hash} AND stderr IS NULL)) LIMIT 1`,
          );
          if (!other) unused.push(hash);
        }
        return unused;
      }),

    /** Whether a task of this node needs the file with that hash. */
    async isOutputKept(hash: string): Promise<boolean> {
      const row = await read.get(
        sql`SELECT id FROM task WHERE kept = 1 AND ${ofNode} AND ((stdout_sha256 = ${hash} AND stdout IS NULL) OR (stderr_sha256 = ${hash} AND stderr IS NULL)) LIMIT 1`,
      );
      return row !== undefined;
    },

    /** When outputs were last asked for. */
    touchTasks: (uses: ReadonlyMap<string, number>) =>
      database.transaction(async (tx) => {
        for (const [id, at] of uses) await tx.run(sql`UPDATE task SET used_at = ${at} WHERE id = ${id}`);
      }),

    /** Removes what is left of tasks that nobody paid for. Answers how many. */
    forgetTasks: (before: number, limit: number) =>
      database.transaction((tx) =>
        tx.run(sql`DELETE FROM task WHERE id IN (SELECT id FROM task WHERE kept = 0 AND state IN ('done', 'failed') AND started_at < ${before}
          AND NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.task = task.id) LIMIT ${limit})`),
      ),

    /** The last runs of an offer, newest first: what its statistics are made of. */
    async lastRuns(offer: string, since: number, limit: number) {
      return read.all<{ state: TaskState; reason: RunReason | null; wall_us: number | null; cpu_us: number | null }>(
        sql`SELECT state, reason, wall_us, cpu_us FROM task WHERE offer = ${offer} AND started_at >= ${since} ORDER BY started_at DESC, id LIMIT ${limit}`,
      );
    },
  };
}

/** A task is done when the program ended by itself with code 0: anything else is a failure, and a failure costs nothing. */
export const isDone = (result: RunResult): boolean => result.reason === 'exit' && (result.exitCode ?? 0) === 0;
