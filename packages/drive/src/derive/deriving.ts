import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { Context } from '../account.ts';
import { derivationRows, underivedRows, type DerivationRow, type DueRow } from '../store/derivations.ts';
import { extentOf } from './extent.ts';
import { ReadFailure, type Reader } from './reader.ts';

const inflated = promisify(inflate);
/** Bytes of the words of one file, inflated. */
export const maximumWords = 2 << 20;

/** Files read between two transactions. */
const batch = 64;
const maximumAttempts = 3;
const retryMilliseconds = 60_000;
/** A node that has taken a file of a shared database and does not come back leaves it to the others after so long. */
const leaseMilliseconds = 120_000;
const longestQuietMilliseconds = 15_000;
const idleMilliseconds = 30_000;

export type Deriving = ReturnType<typeof openDeriving>;

/**
 * Looks at the content of files in the background, once for each content: words for the search, facts, a small picture. The queue is a
 * table that triggers fill in the transaction that writes the file, so nothing is looked at before it is durable, nothing is forgotten,
 * and after a stop it goes on where it was. It waits for quiet, to be in nobody's way, except for files that somebody waits for.
 */
export function openDeriving({
  context: { database, blobs, now, log, closing },
  reader,
  quiet,
}: {
  context: Context;
  reader: Reader;
  /** Milliseconds without a write before it begins. */
  quiet: number;
}) {
  /** Files that somebody waits for, by number. */
  const wanted = new Map<number, PromiseWithResolvers<void>>();
  let running: Promise<void> | undefined;
  let wakeUp = () => {};
  let writtenAt = 0;
  const told = { read: 0, failed: 0, at: 0 };

  /** Until something happens, at most so long. */
  function rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (closing.aborted) return resolve();
      const timer = setTimeout(resolve, milliseconds).unref();
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function untilQuiet(): Promise<void> {
    const begun = performance.now();
    while (!closing.aborted && wanted.size === 0) {
      const left = Math.min(writtenAt + quiet, begun + longestQuietMilliseconds) - performance.now();
      if (left <= 0) return;
      await rest(left);
    }
  }

  async function work(): Promise<void> {
    while (!closing.aborted) {
      await untilQuiet();
      if (closing.aborted) return;
      try {
        const rows = await take();
        if (rows.length > 0) await derive(rows).catch((error: unknown) => giveBack(rows, error));
        else {
          await tell();
          await rest(idleMilliseconds);
        }
      } catch (error) {
        if (closing.aborted) return;
        log('drive.derive_failed', { message: String(error) });
        await rest(idleMilliseconds);
      }
    }
  }

  async function take(): Promise<DueRow[]> {
    const due = underivedRows(database.read, database.dialect);
    const rows: DueRow[] = [];
    for (const number of [...wanted.keys()].slice(0, batch)) {
      const row = await due.one(number);
      if (row) rows.push(row);
      else settle(number);
    }
    if (rows.length === 0) rows.push(...(await due.next(now(), batch)));
    // Other nodes on the same database leave these alone meanwhile.
    if (database.dialect === 'postgres' && rows.length > 0) await postpone(rows, now() + leaseMilliseconds);
    return rows;
  }

  const postpone = (rows: readonly DueRow[], until: number) =>
    database.transaction(async (tx) => {
      for (const { number } of rows) await underivedRows(tx, database.dialect).postpone(number, until);
    });

  /** What a stop or a failure of the database interrupted, others need not wait for. */
  async function giveBack(rows: readonly DueRow[], error: unknown): Promise<never> {
    if (database.dialect === 'postgres') await postpone(rows, 0);
    throw error;
  }

  function settle(number: number) {
    wanted.get(number)?.resolve();
    wanted.delete(number);
  }

  async function derive(rows: readonly DueRow[]): Promise<void> {
    const made = new Map<string, DerivationRow>();
    for (const { cid, size, media_type, state, attempts } of rows) {
      if (cid === null || state === 'done' || state === 'failed' || made.has(cid)) continue;
      const row = await read({ cid, size: size ?? 0, mediaType: media_type ?? '', attempts: attempts ?? 0 });
      if (row) made.set(cid, row);
    }
    const words = new Map<string, string>();
    for (const { cid } of rows) {
      if (cid === null || words.has(cid)) continue;
      const packed = (made.get(cid) ?? (await derivationRows(database.read).get(cid)))?.words;
      if (packed) words.set(cid, (await inflated(packed, { maxOutputLength: maximumWords })).toString());
    }
    await database.transaction(async (tx) => {
      const due = underivedRows(tx, database.dialect);
      for (const row of made.values()) await derivationRows(tx).put(row);
      for (const row of rows) {
        const again = row.cid === null ? undefined : made.get(row.cid);
        if (again?.state === 'again') {
          await due.postpone(row.number, now() + again.attempts * retryMilliseconds);
          continue;
        }
        const text = row.cid === null ? undefined : words.get(row.cid);
        if (text) await due.index(row, text);
        await due.forget(row);
      }
    });
    for (const { number } of rows) settle(number);
    for (const { state } of made.values()) told[state === 'done' ? 'read' : 'failed'] += 1;
    if (now() - told.at > 60_000) await tell();
  }

  /** Undefined when there is nothing to read. */
  async function read({ cid, size, mediaType, attempts }: { cid: string; size: number; mediaType: string; attempts: number }) {
    const length = extentOf({ mediaType, size });
    if (length === 0) return undefined;
    const row: DerivationRow = { cid, state: 'done', attempts: attempts + 1, words: null, excerpt: null, facts: null, picture: null };
    let content: Readable | undefined;
    try {
      content = await blobs.read({ cid, size, start: 0, length });
      const request = { task: 'derive' as const, mediaType, length, complete: length === size };
      const { facts, words = null, excerpt = null, picture = null } = await reader.read(request, content, { signal: closing });
      return { ...row, words, excerpt, picture, facts: facts ? JSON.stringify(facts) : null };
    } catch (error) {
      closing.throwIfAborted();
      const isFinal = (error instanceof ReadFailure && error.final) || row.attempts >= maximumAttempts;
      log('drive.unreadable', {
        cid,
        attempts: row.attempts,
        final: isFinal,
        message: error instanceof Error ? error.message : String(error),
      });
      return { ...row, state: isFinal ? ('failed' as const) : ('again' as const) };
    } finally {
      content?.destroy();
    }
  }

  /** The backlog in the log, once a minute at most while there is one, and when it is done. */
  async function tell(): Promise<void> {
    if (told.read + told.failed === 0) return;
    const { read: files, failed } = told;
    Object.assign(told, { read: 0, failed: 0, at: now() });
    log('drive.derived', { read: files, failed, waiting: await underivedRows(database.read, database.dialect).count() });
  }

  return {
    start(): void {
      running ??= work();
    },

    /** Something was written. */
    wake(): void {
      writtenAt = performance.now();
      wakeUp();
    },

    /** Looks at a waiting file before all others; settles when that is done, whatever came of it. */
    async want(number: number): Promise<void> {
      const waiting = wanted.get(number) ?? Promise.withResolvers<void>();
      wanted.set(number, waiting);
      wakeUp();
      await waiting.promise;
    },

    /** After the drive's own signal was aborted. */
    async stop(): Promise<void> {
      wakeUp();
      await reader.stop();
      await running;
      for (const number of wanted.keys()) settle(number);
    },
  };
}
