import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Pool, types, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { DatabaseError } from './error.ts';
import type { Database, Sql, Statement, TransactionOptions } from './port.ts';
import { openAnnouncements } from './postgres-announcements.ts';
import { isLost, isTransient, postgresError } from './postgres-error.ts';

/** Connections of one node: a waiting writer must not keep readers out, so each kind has its own. With the one that listens, 17. */
const connections = { read: 8, write: 8 };
/** Milliseconds. A statement waits for its locks within this time, too. */
const statementTimeout = 60_000;
/** A node that stops in the middle of a transaction, without its connection breaking, gives up its locks after this time. */
const idleTimeout = 60_000;
const connectTimeout = 10_000;
/** How often a transaction is done again that PostgreSQL undid because of another one. */
const attempts = 8;
const oldestVersion = 150_000;

/**
 * PostgreSQL through node-postgres, for several nodes on one database.
 *
 * A transaction runs alone, as the port says, by advisory locks that end with it: one without a key takes the lock of the whole
 * database for itself; one with a key shares that lock and takes the key's for itself. Locks are granted in the order they were
 * asked for, so neither kind starves the other. Isolation is READ COMMITTED: a statement sees what was committed before it began,
 * which, once the locks are held, includes everything that a transaction must see that runs alone. What transactions of different keys
 * both touch (rows of content, which drives share) is kept right by each statement being one atomic change of one row; two of
 * them in opposite order are a deadlock, which PostgreSQL ends by undoing one, and that one is done again here.
 *
 * Within one node, transactions of one key wait in memory, so that they hold one connection between them.
 */
export async function openPostgres({ url, warn = () => {} }: { url: string; warn?: (message: string) => void }): Promise<Database> {
  const options = {
    connectionString: url,
    types: { getTypeParser: typeParser },
    application_name: 'freehold',
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: idleTimeout,
  };
  const readers = new Pool({ ...options, max: connections.read });
  const writers = new Pool({ ...options, max: connections.write });
  // A connection that breaks is noticed by the statement that is under way on it; an idle one is simply replaced.
  for (const pool of [readers, writers]) pool.on('error', () => {}).on('connect', (client) => void client.on('error', () => {}));
  let closed = false;
  const running = new Set<Promise<unknown>>();
  const last = new Map<string, Promise<unknown>>();

  try {
    await checkServer(readers);
  } catch (cause) {
    await Promise.all([readers.end(), writers.end()]);
    throw postgresError(cause);
  }
  const announcements = openAnnouncements({ options, send: (text, values) => readers.query(text, values), node: randomUUID(), warn });

  /** In the order asked for; different keys do not wait for each other. */
  async function inOrder<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = last.get(key);
    const done = (async () => {
      await before?.catch(() => {});
      return work();
    })();
    last.set(key, done);
    try {
      return await done;
    } finally {
      if (last.get(key) === done) last.delete(key);
    }
  }

  async function attempt<Result>(work: (sql: Sql) => Promise<Result>, begin: string): Promise<Result> {
    const client = await writers.connect().catch((cause: unknown) => Promise.reject(postgresError(cause)));
    let broken: Error | undefined;
    try {
      await client.query(begin).catch((cause: unknown) => Promise.reject(isLost(cause) ? new NotBegun(cause) : cause));
      const result = await work(statements((statement) => client.query(statement)));
      await commit(client);
      return result;
    } catch (cause) {
      if (cause instanceof NotBegun || isLost(original(cause))) broken = new Error('the connection is lost');
      else await client.query('ROLLBACK').catch((error: Error) => (broken = error));
      throw cause;
    } finally {
      client.release(broken);
    }
  }

  async function transact<Result>(work: (sql: Sql) => Promise<Result>, begin: string): Promise<Result> {
    for (let count = 1; ; count++) {
      try {
        return await attempt(work, begin);
      } catch (cause) {
        const again = cause instanceof NotBegun || isTransient(original(cause));
        if (!again || count === attempts) throw postgresError(cause instanceof NotBegun ? cause.cause : cause);
      }
      await wait(Math.random() * 10 * 2 ** count);
    }
  }

  return {
    dialect: 'postgres',
    read: statements((statement) => readWith(readers, statement)),

    transaction<Result>(work: (sql: Sql) => Promise<Result>, { within, isExpendable = false }: TransactionOptions = {}) {
      if (closed) return Promise.reject(new DatabaseError('database_failed', 503, 'The node is stopping. Try again in a moment.'));
      const begin = `BEGIN; ${isExpendable ? 'SET LOCAL synchronous_commit = off; ' : ''}SELECT ${locksOf(within)}`;
      const done = inOrder(within ?? '', () => transact(work, begin));
      running.add(done);
      return done.finally(() => running.delete(done));
    },

    announce: announcements.announce,
    onAnnounce: announcements.onAnnounce,

    async check() {
      await readers.query('SELECT 1').catch((cause: unknown) => Promise.reject(postgresError(cause)));
    },

    async close() {
      closed = true;
      await Promise.allSettled(running);
      await announcements.stop();
      await Promise.all([readers.end(), writers.end()]);
    },
  };
}

/** The connection had broken while nobody used it, as all do when the server restarts: nothing was begun, so it is begun on another. */
class NotBegun extends Error {
  constructor(cause: unknown) {
    super('The transaction was not begun', { cause });
  }
}

/** As with a transaction: a read that found its connection broken is simply sent again, on another one. */
async function readWith<Row extends object>(pool: Pool, statement: QueryConfig): Promise<QueryResult<Row>> {
  for (let count = 1; ; count++) {
    try {
      return await pool.query<Row>(statement);
    } catch (cause) {
      const isTimeout = cause instanceof Error && cause.message.includes('timeout');
      if (count > 3 || !isLost(cause) || isTimeout) throw cause;
    }
  }
}

/** When the connection breaks while the COMMIT is under way, nobody knows whether it was done. */
async function commit(client: PoolClient): Promise<void> {
  try {
    const { command } = await client.query('COMMIT');
    // After an error that the work has swallowed, PostgreSQL answers a COMMIT by undoing everything.
    if (command !== 'COMMIT')
      throw new DatabaseError('database_failed', 500, 'A statement of the transaction had failed. Nothing was stored.');
  } catch (cause) {
    if (!isLost(cause)) throw cause;
    throw new DatabaseError(
      'commit_unknown',
      503,
      'The connection to the database was lost while the change was being stored. It may or may not have been: look before trying again.',
      { cause },
    );
  }
}

/** The error of node-postgres behind one of ours. */
const original = (cause: unknown): unknown => (cause instanceof DatabaseError ? cause.cause : cause);

/** The database of one Freehold: any number that nothing else in that database is likely to lock. */
const wholeDatabase = 0x46_72_65_65;

/** 64 bits of a hash: two keys that share one would only wait for each other. */
function locksOf(within: string | undefined): string {
  if (within === undefined) return `pg_advisory_xact_lock(${wholeDatabase})`;
  const key = createHash('sha256').update(within).digest().readBigInt64BE();
  return `pg_advisory_xact_lock_shared(${wholeDatabase}), pg_advisory_xact_lock(${key})`;
}

async function checkServer(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string; encoding: string }>(
    `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding`,
  );
  const [found] = rows;
  if (!found || Number(found.version) < oldestVersion)
    throw new DatabaseError('database_failed', 500, 'Freehold needs PostgreSQL 15 or newer. Update the server of DATABASE_URL.');
  if (found.encoding !== 'UTF8')
    throw new DatabaseError(
      'database_failed',
      500,
      `The database of DATABASE_URL is encoded as ${found.encoding}; Freehold needs UTF8. Create it anew: createdb --encoding=UTF8 --template=template0`,
    );
}

/** Statements are prepared once per connection, under a name made of their text; a template gives the same text each time. */
function statements(send: <Row extends object>(statement: QueryConfig) => Promise<QueryResult<Row>>): Sql {
  const run = async <Row extends object>({ text, values }: Statement) => {
    const joined = numbered(text);
    try {
      return await send<Row>({ ...joined, values: values.map(toParameter) });
    } catch (cause) {
      throw postgresError(cause);
    }
  };
  return {
    get: async <Row extends object>(statement: Statement) => (await run<Row>(statement)).rows[0],
    all: async <Row extends object>(statement: Statement) => (await run<Row>(statement)).rows,
    run: async (statement) => (await run(statement)).rowCount ?? 0,
  };
}

const toParameter = (value: Statement['values'][number]) =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;

const known = new Map<string, { name: string; text: string }>();
const knownLimit = 5_000;

/** The text with `$1`, `$2` …, and a name for it. */
function numbered(pieces: readonly string[]): { name: string; text: string } {
  const key = pieces.join('\u0000');
  const found = known.get(key);
  if (found) return found;
  const text = pieces.reduce((joined, piece, index) => `${joined}$${index}${piece}`);
  const made = { name: createHash('sha256').update(text).digest('base64url').slice(0, 32), text };
  if (known.size >= knownLimit) known.clear();
  known.set(key, made);
  return made;
}

const int8 = 20;
const numeric = 1700;

/** int8 and numeric as numbers, as SQLite gives them; beyond 2^53 they would be other numbers. */
function toNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number))
    throw new RangeError(`The database holds a number that is too large: ${text}`);
  return number;
}

function typeParser(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary' && (oid === int8 || oid === numeric)) return toNumber;
  return types.getTypeParser(oid, format);
}
