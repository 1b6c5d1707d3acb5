/** A value that both databases take as a parameter and give back: BLOB/bytea are bytes, integers are numbers up to 2^53. */
export type SqlValue = string | number | null | Uint8Array;

/** A statement with its parameters, made only by the `sql` tag, so that no value is ever spliced into the text. */
export type Statement = { readonly text: readonly string[]; readonly values: readonly SqlValue[] };

/** Row types are declared by the caller: the migrations of the same area are what makes them true. */
export type Sql = {
  /** First row, or undefined. */
  get<Row extends object>(statement: Statement): Promise<Row | undefined>;
  /** All rows: the statement must bound them (LIMIT), a list without a bound does not belong in a store. */
  all<Row extends object>(statement: Statement): Promise<Row[]>;
  /** Runs a statement that changes rows; answers how many. */
  run(statement: Statement): Promise<number>;
};

export type TransactionOptions = {
  /**
   * What the transaction touches, such as the id of a drive: then it runs alone only among those with the same key and those
   * without any. All that transactions of different keys may both change are rows that each changes with one statement that is
   * right by itself (`refs = refs + 1`), never what it has read before. SQLite has one writer and ignores the key.
   */
  within?: string | undefined;
  /**
   * Not worth waiting for the disk: when the machine fails, it may be lost with what came after it, though never half. When only the process
   * ends, it is there.
   */
  isExpendable?: boolean;
};

/**
 * The one way to the rows of the node.
 *
 * `read` sees committed data only. `transaction` is the only way to write: its work runs alone, also among all nodes that share
 * the database, and its promise settles after the commit is durable (SQLite: WAL with synchronous=FULL), so an answer sent afterwards
 * survives a power cut. A transaction must only await statements of the `Sql` it is given; waiting for anything else would hold up
 * every writer. Its work may be called again when the database undid it, so it changes nothing outside of itself, and an error of a
 * statement ends it: it must not be caught inside.
 */
export type Database = {
  readonly dialect: 'sqlite' | 'postgres';
  readonly read: Sql;
  /** Errors: those of the work; `commit_unknown` when the connection was lost during the commit. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>, options?: TransactionOptions): Promise<Result>;
  /** Tells all nodes on this database, this one included, that something about the topic was committed. Answers at once. */
  announce(topic: string): void;
  /** Hears announcements; undefined when some may have been missed, which is to be taken as one of every topic. Answers a function that ends it. */
  onAnnounce(listener: (topic: string | undefined) => void): () => void;
  /** Cheap proof that the database answers; throws when it does not. */
  check(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Builds a statement: sql`select id from entry where drive_id = ${drive}`. A nested statement is inlined with its parameters. Without
 * one, `text` is the array of the template itself, the same each time: a database finds what it has prepared by it.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly (SqlValue | Statement)[]): Statement {
  if (areParameters(values)) return { text: strings, values };
  const text: string[] = [strings[0] ?? ''];
  const parameters: SqlValue[] = [];
  const append = (piece: string) => {
    text[text.length - 1] += piece;
  };
  values.forEach((value, index) => {
    if (isStatement(value)) {
      append(value.text[0] ?? '');
      value.values.forEach((nested, position) => {
        parameters.push(nested);
        text.push(value.text[position + 1] ?? '');
      });
    } else {
      parameters.push(value);
      text.push('');
    }
    append(strings[index + 1] ?? '');
  });
  return { text, values: parameters };
}

const isStatement = (value: SqlValue | Statement): value is Statement => value !== null && typeof value === 'object' && 'text' in value;
const areParameters = (values: readonly (SqlValue | Statement)[]): values is readonly SqlValue[] => !values.some(isStatement);
