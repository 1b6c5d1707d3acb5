import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DatabaseError } from './error.ts';
import type { Database, Sql, Statement } from './port.ts';

/** How many transactions may share one durable commit. Bounds how long the first of them waits. */
const groupLimit = 256;

type Job = { work: (sql: Sql) => Promise<unknown>; resolve: (value: unknown) => void; reject: (error: unknown) => void };
type Outcome = { job: Job; value?: unknown; error?: unknown };

/**
 * SQLite through node:sqlite, with two connections to one WAL file: a reader that sees committed rows only, and a writer.
 *
 * Waiting transactions are run one after another inside one BEGIN … COMMIT, each in its own savepoint (group commit), so
 * that many small writes share one flush to the disk; each promise settles only after that flush. If the COMMIT itself
 * fails (disk full, I/O error) every transaction of the group is rejected and nothing of it remains.
 */
export function openSqlite({ path }: { path: string }): Database {
  const writer = connect(path);
  const reader = connect(path);
  reader.exec('PRAGMA query_only = true');
  const write = statements(writer);
  const queue: Job[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;

  /** Each round waits for the event loop to turn once, so that everything that has become ready joins the same commit. */
  async function drain() {
    while (queue.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await runGroup(queue.splice(0, groupLimit));
    }
    draining = undefined;
  }

  async function runGroup(jobs: Job[]) {
    const outcomes: Outcome[] = [];
    try {
      writer.exec('BEGIN IMMEDIATE');
      for (const job of jobs) outcomes.push(await runInSavepoint(job));
      writer.exec('COMMIT');
    } catch (cause) {
      if (writer.isTransaction) writer.exec('ROLLBACK');
      const error = databaseError(cause);
      for (const job of jobs) job.reject(error);
      return;
    }
    for (const { job, value, error } of outcomes) {
      if (error === undefined) job.resolve(value);
      else job.reject(error);
    }
  }

  async function runInSavepoint(job: Job): Promise<Outcome> {
    writer.exec('SAVEPOINT one');
    try {
      const value = await job.work(write);
      writer.exec('RELEASE one');
      return { job, value };
    } catch (error) {
      writer.exec('ROLLBACK TO one; RELEASE one');
      return { job, error: error ?? new Error('A transaction failed without saying why') };
    }
  }

  return {
    dialect: 'sqlite',
    read: statements(reader),
    transaction<Result>(work: (sql: Sql) => Promise<Result>) {
      if (closed) return Promise.reject(new DatabaseError('database_failed', 503, 'The node is stopping. Try again in a moment.'));
      return new Promise<Result>((resolve, reject) => {
        queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
        draining ??= drain();
      });
    },
    async check() {
      reader.prepare('SELECT 1').get();
    },
    async close() {
      closed = true;
      await draining;
      reader.close();
      writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      writer.close();
    },
  };
}

function connect(path: string): DatabaseSync {
  try {
    const connection = new DatabaseSync(path, { timeout: 5_000, enableForeignKeyConstraints: true });
    connection.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY',
    );
    return connection;
  } catch (cause) {
    throw databaseError(cause);
  }
}

/** Statements are prepared once per text. The text array of a template literal is not stable across calls, so the joined text is the key. */
function statements(connection: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  const prepare = ({ text }: Statement) => {
    const key = text.length === 1 ? (text[0] ?? '') : text.join('?');
    let statement = prepared.get(key);
    if (!statement) {
      statement = connection.prepare(key);
      prepared.set(key, statement);
    }
    return statement;
  };
  const answer = async <Result>(run: () => Result): Promise<Result> => {
    try {
      return run();
    } catch (cause) {
      throw databaseError(cause);
    }
  };
  return {
    get: <Row extends object>(statement: Statement) => answer(() => prepare(statement).get(...statement.values) as Row | undefined),
    all: <Row extends object>(statement: Statement) => answer(() => prepare(statement).all(...statement.values) as Row[]),
    run: (statement) => answer(() => Number(prepare(statement).run(...statement.values).changes)),
  };
}

const full = 13;
const busy = 5;

/** Names the failures that a person can do something about; the rest keeps SQLite's own words as its cause. */
function databaseError(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause)) return cause;
  const primary = Number(cause.errcode) & 0xff;
  if (primary === full)
    return new DatabaseError(
      'database_full',
      507,
      'The disk of this node is full. Free some space; nothing was lost and nothing half-written.',
      { cause },
    );
  if (primary === busy)
    return new DatabaseError(
      'database_locked',
      503,
      'Another process holds the database of this node. Is a second Freehold running on the same data directory?',
      { cause },
    );
  return new DatabaseError('database_failed', 500, `The database refused a statement: ${cause.message}`, { cause });
}
