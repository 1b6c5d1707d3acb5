import { DatabaseError } from './error.ts';

const unreachable = (cause: unknown) =>
  new DatabaseError(
    'database_failed',
    503,
    'The database of this node cannot be reached. Try again in a moment; if it stays so, its owner must look at DATABASE_URL and at the PostgreSQL server.',
    { cause },
  );

/** What to say for an SQLSTATE, or for the first two characters of one (its class). */
const named: Record<string, (cause: unknown) => DatabaseError> = {
  '22021': (cause) =>
    new DatabaseError('text_invalid', 400, 'The text holds a character that cannot be stored (NUL, or a broken one). Remove it.', {
      cause,
    }),
  '22P05': (cause) => new DatabaseError('text_invalid', 400, 'The text holds a character that cannot be stored. Remove it.', { cause }),
  '53100': (cause) =>
    new DatabaseError(
      'database_full',
      507,
      'The disk of the database is full. Free some space; nothing was lost and nothing half-written.',
      {
        cause,
      },
    ),
  '55P03': (cause) =>
    new DatabaseError('database_locked', 503, 'Another process holds the database for too long. Try again in a moment.', { cause }),
  '57014': (cause) => new DatabaseError('database_locked', 503, 'The database took too long to answer. Try again in a moment.', { cause }),
  '28': (cause) =>
    new DatabaseError(
      'database_failed',
      500,
      'The PostgreSQL server refuses the user or the password of DATABASE_URL. Correct it and start again.',
      { cause },
    ),
  '3D': (cause) =>
    new DatabaseError(
      'database_failed',
      500,
      'There is no such database on the PostgreSQL server. Create it (createdb), or correct DATABASE_URL, and start again.',
      { cause },
    ),
  '08': unreachable,
  '53': unreachable,
  '57': unreachable,
};

/** Names the failures that a person can do something about. PostgreSQL's own words stay in the cause, which only the log sees. */
export function postgresError(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof DatabaseError) return cause;
  if (isLost(cause)) return unreachable(cause);
  const state = stateOf(cause);
  if (state === undefined) return cause;
  const name = named[state] ?? named[state.slice(0, 2)];
  return name?.(cause) ?? new DatabaseError('database_failed', 500, `The database refused a statement: ${cause.message}`, { cause });
}

/** The SQLSTATE of an error that the server sent. */
const stateOf = (cause: Error): string | undefined => {
  const code = 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in cause ? code : undefined;
};

/** Whether the connection is gone: nothing that was under way on it has an answer. */
export function isLost(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const state = stateOf(cause);
  if (state !== undefined) return /^(08|57P)/.test(state) || state === '25P03' || state === '25P04';
  return (
    'syscall' in cause ||
    /[Cc]onnection (terminated|ended|error)|not queryable|timeout exceeded when trying to connect|timeout expired/.test(cause.message)
  );
}

/** Serialization failures and deadlocks: the whole transaction is undone and may simply be done again. */
export const isTransient = (cause: unknown): boolean => cause instanceof Error && ['40001', '40P01'].includes(stateOf(cause) ?? '');
