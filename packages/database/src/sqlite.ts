import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { localAnnouncements } from './announcements.ts';
import { openBallast } from './ballast.ts';
import { DatabaseError } from './error.ts';
import type { Database, Sql, Statement, TransactionOptions } from './port.ts';

/** How many transactions may share one durable commit. Bounds how long the first of them waits. */
const groupLimit = 256;

type Job = {
  work: (sql: Sql) => Promise<unknown>;
  isExpendable: boolean;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
};
type Outcome = { job: Job; value?: unknown; error?: unknown };

/**
 * SQLite through node:sqlite, with two connections to one WAL file: a reader that sees committed rows only, and a writer.
 *
 * Waiting transactions are run one after another inside one BEGIN … COMMIT, each in its own savepoint (group commit), so
 * that many small writes share one flush to the disk; each promise settles only after that flush. If the COMMIT itself
 * fails (disk full, I/O error) every transaction of the group is rejected and nothing of it remains.
 */
export function openSqlite({ path }: { path: string }): Database {
  let writer = openWriter(path);
  const reader = connect(path);
  const ballast = openBallast(path);
  reader.exec('PRAGMA query_only = true');
  const queue: Job[] = [];
  let draining: Promise<void> | undefined;
  /** Whether the writer's commits wait for the disk. */
  let isFlushing = true;
  const { announce, onAnnounce } = localAnnouncements();
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
    let isCommitting = false;
    try {
      flush(!jobs.every(({ isExpendable }) => isExpendable));
      writer.connection.exec('BEGIN IMMEDIATE');
      for (const job of jobs) outcomes.push(await runInSavepoint(job));
      isCommitting = true;
      writer.connection.exec('COMMIT');
    } catch (cause) {
      rollBack();
      const error = isCommitting && primaryCode(cause) === ioError ? commitUnknown(cause) : databaseError(cause);
      if (error instanceof DatabaseError && error.code === 'database_full') makeRoom();
      for (const job of jobs) job.reject(error);
      return;
    }
    for (const { job, value, error } of outcomes) {
      if (error === undefined) job.resolve(value);
      else job.reject(error);
    }
  }

  /** A commit without a flush is in the WAL all the same, whose next flush takes it along. */
  function flush(wanted: boolean): void {
    if (wanted === isFlushing) return;
    writer.connection.exec(`PRAGMA synchronous = ${wanted ? 'FULL' : 'NORMAL'}`);
    isFlushing = wanted;
  }

  async function runInSavepoint(job: Job): Promise<Outcome> {
    writer.connection.exec('SAVEPOINT one');
    try {
      const value = await job.work(writer.sql);
      writer.connection.exec('RELEASE one');
      return { job, value };
    } catch (error) {
      // After a full disk or an I/O error SQLite has taken back the whole group by itself.
      if (!writer.connection.isTransaction) throw error;
      writer.connection.exec('ROLLBACK TO one; RELEASE one');
      return { job, error: error ?? new Error('A transaction failed without saying why') };
    }
  }

  /** A connection that cannot even roll back knows no longer what it holds: another takes its place, and the file says what is true. */
  function rollBack() {
    try {
      if (writer.connection.isTransaction) writer.connection.exec('ROLLBACK');
    } catch {
      writer.connection.close();
      writer = openWriter(path);
      isFlushing = true;
    }
  }

  /** For whoever tries again: deleting must be possible when the disk is full. */
  function makeRoom() {
    ballast.drop();
    try {
      writer.connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // Not even that fits: somebody must free space elsewhere.
    }
  }

  return {
    dialect: 'sqlite',
    read: statements(reader),
    transaction<Result>(work: (sql: Sql) => Promise<Result>, { isExpendable = false }: TransactionOptions = {}) {
      if (closed) return Promise.reject(new DatabaseError('database_failed', 503, 'The node is stopping. Try again in a moment.'));
      return new Promise<Result>((resolve, reject) => {
        queue.push({ work, isExpendable, resolve: resolve as (value: unknown) => void, reject });
        draining ??= drain();
      });
    },
    announce,
    onAnnounce,
    async check() {
      reader.prepare('SELECT 1').get();
    },
    async close() {
      closed = true;
      await draining;
      reader.close();
      try {
        writer.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // No room on the disk: what is committed stays in the WAL, where the next start finds it.
      }
      writer.connection.close();
    },
  };
}

function openWriter(path: string): { connection: DatabaseSync; sql: Sql } {
  const connection = connect(path);
  return { connection, sql: statements(connection, { inTransaction: true }) };
}

function connect(path: string): DatabaseSync {
  try {
    const connection = new DatabaseSync(path, { timeout: 5_000, enableForeignKeyConstraints: true });
    connection.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384',
    );
    return connection;
  } catch (cause) {
    throw databaseError(cause);
  }
}

/** A statement with the names of its columns: its rows come as arrays. */
type Prepared = { statement: StatementSync; columns: readonly string[] };

/**
 * Statements are prepared once per text. One without nested statements is found by its array, which is that of the template literal
 * and stays the same; joining the text of a long one costs more than running it.
 */
function statements(connection: DatabaseSync, { inTransaction = false } = {}): Sql {
  const known = new Map<string, Prepared>();
  const ofTemplate = new WeakMap<readonly string[], Prepared>();
  const prepareText = (key: string): Prepared => {
    const found = known.get(key);
    if (found) return found;
    const statement = connection.prepare(key);
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map(({ name }) => name) };
    known.set(key, prepared);
    return prepared;
  };
  const prepare = ({ text }: Statement): Prepared => {
    const found = ofTemplate.get(text);
    if (found) return found;
    const prepared = prepareText(text.length === 1 ? (text[0] ?? '') : text.join('?'));
    // Only what cannot change names a text.
    if (Object.isFrozen(text)) ofTemplate.set(text, prepared);
    return prepared;
  };
  const answer = async <Result>(run: () => Result): Promise<Result> => {
    // Whoever goes on after an error that ended the transaction would write outside of any.
    if (inTransaction && !connection.isTransaction)
      throw new DatabaseError('database_failed', 500, 'The transaction was taken back after an error; nothing of it was written.');
    try {
      return run();
    } catch (cause) {
      throw databaseError(cause);
    }
  };
  return {
    get: <Row extends object>(statement: Statement) =>
      answer(() => {
        const prepared = prepare(statement);
        const values = prepared.statement.get(...statement.values);
        return values === undefined ? undefined : (rowOf(prepared.columns, values) as Row);
      }),
    all: <Row extends object>(statement: Statement) =>
      answer(() => {
        const prepared = prepare(statement);
        return prepared.statement.all(...statement.values).map((values) => rowOf(prepared.columns, values) as Row);
      }),
    run: (statement) => answer(() => Number(prepare(statement).statement.run(...statement.values).changes)),
  };
}

/**
 * A row as an object of the shape that every row of its statement has. The objects that node:sqlite makes are dictionaries, and reading
 * their fields takes twice as long as all the rest of a list.
 */
function rowOf(columns: readonly string[], values: object): object {
  const row: Record<string, unknown> = {};
  // An array since `setReturnArrays`, which its type does not know.
  const list = values as readonly unknown[];
  for (let index = 0; index < columns.length; index++) row[columns[index] ?? ''] = list[index];
  return row;
}

const busy = 5;
const ioError = 10;
const corrupt = 11;
const full = 13;
const notADatabase = 26;

/**
 * A commit that failed while it was flushed is taken back here, but may be found complete on the disk when the machine fails before the
 * next one: nobody may remove what it names.
 */
const commitUnknown = (cause: unknown) =>
  new DatabaseError(
    'commit_unknown',
    500,
    'The disk of this node failed while this was being stored. Nothing of it shows now; look at what is there before you try again, and check the disk.',
    { cause },
  );

const primaryCode = (cause: unknown) => (cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : undefined);

/** Names the failures that a person can do something about; the rest keeps SQLite's own words as its cause. */
function databaseError(cause: unknown): unknown {
  const primary = primaryCode(cause);
  if (primary === undefined || !(cause instanceof Error)) return cause;
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
  if (primary === ioError)
    return new DatabaseError(
      'database_failed',
      500,
      `The disk of this node failed under its database (${cause.message}). Nothing was half-written; look at the log of the system and check the disk.`,
      { cause },
    );
  if (primary === corrupt || primary === notADatabase)
    return new DatabaseError(
      'database_failed',
      500,
      `The database of this node is damaged (${cause.message}). Stop the node and look with: freehold fsck`,
      { cause },
    );
  return new DatabaseError('database_failed', 500, `The database refused a statement: ${cause.message}`, { cause });
}
