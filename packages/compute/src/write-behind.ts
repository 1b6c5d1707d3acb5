/** How long a row waits for others. */
const waitMs = 200;
const mostRows = 500;
const mostBytes = 8 * 1024 * 1024;

export type WriteBehind<Row> = ReturnType<typeof openWriteBehind<Row>>;

/**
 * Writes rows that nobody waits for in one transaction after another, many at a time, and so for a fraction of what each would
 * cost alone. A crash loses those of the last moment. When they come faster than they can be written, `add` holds back.
 */
export function openWriteBehind<Row>({
  write,
  onError,
}: {
  write: (rows: readonly Row[]) => Promise<void>;
  onError: (error: unknown, rows: number) => void;
}) {
  let waiting: Row[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const rows = waiting;
    if (rows.length === 0) return writing;
    waiting = [];
    bytes = 0;
    writing = writing.then(() => write(rows)).catch((error: unknown) => onError(error, rows.length));
    return writing;
  }

  return {
    /** `size`: what the row takes in memory, in bytes. */
    add(row: Row, size: number): void | Promise<void> {
      waiting.push(row);
      bytes += size;
      if (waiting.length >= mostRows || bytes >= mostBytes) return flush();
      timer ??= setTimeout(() => void flush(), waitMs);
    },
    /** Settles when all rows so far are written. */
    flush,
  };
}
