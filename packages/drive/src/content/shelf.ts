import type { Readable } from 'node:stream';
import type { Staged } from '../stage.ts';

/**
 * How a blob's row finds its content, told to `retain` by whoever published it.
 *
 * - `row`: bytes in the row itself, or a file whose place the CID alone decides: there is nothing to be claimed.
 * - `object`: uploaded under a key of its own, which the row takes over, in place of the key `instead` if it has that.
 * - `known`: the row was there with sound content when it was looked at; it must not have gone since.
 */
export type Placing = { kind: 'row' } | { kind: 'object'; key: string; instead: string | null } | { kind: 'known' };

/** Staged content that is in its place: what a transaction may retain. */
export type Placed = Staged & { placing: Placing };

/** Transactions over rows of content alone: each changes one row with one statement, so they need not keep the drives from writing. */
export const amongContent = { within: 'content' };

/** Content as it is stored, to be looked at. */
export type Stored = { size: number; stream: () => Promise<Readable>; close: () => Promise<void> };

/** Something on the shelf that no row names: `orphan` when it is content, `foreign` when it is not ours. */
export type Stray = { path: string; kind: 'orphan' | 'foreign'; size: number; age: number };

/**
 * Where content lives that is too large for its row. A shelf answers for one promise: a committed row never names content
 * that is not there, whatever crashes, and however publishing and collecting meet.
 */
export type Shelf = {
  kind: 'files' | 's3';
  /** Where it is, in words for a person. */
  place: string;
  /** Before anything else. Errors: `storage_failed` when the place cannot be used. */
  prepare(): Promise<void>;
  /** The name that this very folder or bucket was given at its first use. */
  home(): Promise<string | undefined>;
  setHome(home: string): Promise<void>;
  /** Puts a staged file in its place for good, then commits the rows that name it. If that fails, nothing stays. `commit` may be called again. */
  publish<Result>(staged: Staged & { temporary: string }, commit: (placed: Placed) => Promise<Result>): Promise<Result>;
  /**
   * The bytes from `start`, `length` of them; undefined when the content is missing or has not `size` bytes. Open when this answers,
   * so that a removal afterwards does not end the stream. Errors: `storage_failed`.
   */
  read(blob: { cid: string; size: number; start: number; length: number }): Promise<Readable | undefined>;
  /** Undefined when it is missing. */
  open(cid: string): Promise<Stored | undefined>;
  /** Keeps damaged content from readers and calls `mark`, unless `isStill` denies that it is this content which was looked at. */
  withhold(blob: { cid: string; exists: boolean }, isStill: () => Promise<boolean>, mark: () => Promise<void>): Promise<void>;
  /** Removes a blob that nothing has pointed at since `before`: first its row, then its content. False when something does. */
  collect(cid: string, before: number): Promise<boolean>;
  /** Looks everywhere for content that no row names, left behind by a crash, and removes it; answers how much. For a start. */
  sweep(signal: AbortSignal): Promise<number>;
  /** As `sweep`, as far as it costs next to nothing. For every hour. */
  finish(signal: AbortSignal): Promise<number>;
  /** What no row names. */
  strays(signal: AbortSignal): AsyncGenerator<Stray>;
  /** Removes an orphan, unless a row names it by now. */
  removeOrphan(path: string): Promise<void>;
};
