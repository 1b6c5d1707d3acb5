import type { Database, Sql } from '@freehold/database';
import { DriveError } from '../error.ts';
import { keyValueRows, keyValueUsage, type KeyValueRow } from '../store/keyvalue.ts';
import { added, increased, removed, updated } from './changes.ts';
import { fromText, toText, type Json } from './json.ts';
import { parseKey } from './key.ts';
import { listAll, listPage, type ListPage, type ListRequest } from './listing.ts';

const MiB = 1024 * 1024;
const sweepEveryMs = 10 * 60_000;
const sliceOfSweep = 500;
/** What an entry costs besides its key and value, so that many tiny ones are not free. */
const entryOverhead = 64;
const largestAnswer = 16 * MiB;

export type KeyValue = ReturnType<typeof openKeyValue>;
export type KeyValueHandle = ReturnType<KeyValue['of']>;

/** Whose entries: an account's, in the namespace of an app (its uid) or, without an app, in the one of the node's own programs. */
export type KeyValueScope = {
  account: string;
  app?: string | undefined;
  /** True for another app than the one they belong to: it does not see private entries and cannot touch them. */
  foreign?: boolean;
};

/**
 * The key-value store of apps. Values are JSON. A change of part of a value is one transaction, so none is lost among many.
 * What an account stores counts against a limit of its own, not against the drive's: key, value and 64 bytes for each entry.
 */
export function openKeyValue({
  database,
  log,
  now = Date.now,
  limit = 256 * MiB,
}: {
  database: Database;
  log: (event: string, fields: Record<string, string | number | boolean | undefined>) => void;
  now?: () => number;
  /** Bytes for each account. */
  limit?: number;
}) {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<unknown> = Promise.resolve();

  /** Deletes what has expired, a slice a transaction; answers how many. */
  async function sweep(): Promise<number> {
    let swept = 0;
    for (let slice = sliceOfSweep; slice === sliceOfSweep; swept += slice) {
      slice = await database.transaction(async (tx) => {
        const rows = await keyValueUsage(tx).deleteExpired(now(), sliceOfSweep);
        for (const [account, theirs] of Map.groupBy(rows, (row) => row.account)) await keyValueUsage(tx).add(account, -sum(theirs), limit);
        return rows.length;
      });
    }
    return swept;
  }

  return {
    start(): void {
      timer = setInterval(() => {
        sweeping = sweep().catch((error: unknown) => log('keyvalue.sweep_failed', { message: String(error) }));
      }, sweepEveryMs).unref();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await sweeping;
    },
    sweep,

    /** Bytes that an account stores, and may store. */
    usage: async (account: string) => ({ used: await keyValueUsage(database.read).read(account), limit }),

    of({ account, app, foreign = false }: KeyValueScope) {
      // Its rows and its bytes are the account's alone.
      const transaction = <Result>(work: (tx: Sql) => Promise<Result>) => database.transaction(work, { within: `keyvalue ${account}` });
      const scope = { account, namespace: app ?? 'os-global' };
      const isLiving = (row: KeyValueRow | undefined): row is KeyValueRow =>
        row !== undefined && (row.expires_at === null || row.expires_at > now());

      /** Replaces one entry by what `next` makes of it; undefined deletes it. */
      async function replace(tx: Sql, key: string, next: (old: KeyValueRow | undefined) => Omit<KeyValueRow, 'bytes'> | undefined) {
        const rows = keyValueRows(tx, scope);
        const stored = await rows.find(key);
        const old = isLiving(stored) ? stored : undefined;
        if (foreign && old?.private) throw privateKey();
        const row = next(old);
        const bytes = row ? Buffer.byteLength(key) + Buffer.byteLength(row.value) + entryOverhead : 0;
        const growth = bytes - (stored?.bytes ?? 0);
        if (growth !== 0 && !(await keyValueUsage(tx).add(account, growth, limit))) throw full(limit);
        if (row) await rows.put(key, { ...row, bytes });
        else if (stored) await rows.delete(key);
      }

      /** Changes a value in place; its expiry and privacy stay. Answers what it has become. */
      async function change(given: unknown, make: (old: Json | undefined) => Json, expiresAt?: number | null): Promise<Json> {
        const key = parseKey(given);
        return transaction(async (tx) => {
          let value: Json = null;
          await replace(tx, key, (old) => {
            value = make(old && parse(old));
            return {
              value: toText(value),
              private: old?.private ?? 0,
              expires_at: expiresAt === undefined ? (old?.expires_at ?? null) : expiresAt,
            };
          });
          return value;
        });
      }

      async function expireAtMs(given: unknown, at: number): Promise<void> {
        const key = parseKey(given);
        await transaction((tx) => replace(tx, key, (old) => old && { ...old, expires_at: at }));
      }

      async function put(items: readonly { key?: unknown; value?: unknown; expireAt?: number | null | undefined }[], isPrivate: boolean) {
        if (isPrivate && foreign) throw privateKey();
        const rows = items.map(({ key, value, expireAt }) => ({
          key: parseKey(key),
          row: { value: toText(value ?? null), private: isPrivate ? 1 : 0, expires_at: expireAt == null ? null : seconds(expireAt) },
        }));
        await transaction(async (tx) => {
          for (const { key, row } of rows) await replace(tx, key, () => row);
        });
      }

      async function get(given: unknown): Promise<Json> {
        const row = await keyValueRows(database.read, scope).find(parseKey(given));
        return isLiving(row) && !(foreign && row.private) ? parse(row) : null;
      }

      const listScope = () => ({ ...scope, foreign, now: now() });

      return {
        /** Null when there is none. */
        get,

        /** In the order of the keys, null for those that are not there. Errors: `value_too_large`. */
        async getMany(keys: readonly unknown[]): Promise<Json[]> {
          const rows = keyValueRows(database.read, scope);
          const values: Json[] = [];
          let bytes = 0;
          for (const key of keys) {
            const row = await rows.find(parseKey(key));
            const isThere = isLiving(row) && !(foreign && row.private);
            bytes += isThere ? row.bytes : 0;
            if (bytes > largestAnswer)
              throw new DriveError('value_too_large', 'These values are too large for one answer. Ask for fewer keys.');
            values.push(isThere ? parse(row) : null);
          }
          return values;
        },

        /** Replaces the whole entry. `expireAt` in seconds since the epoch. Errors: `key_invalid`, `key_too_large`, `value_*`, `keyvalue_full`, `key_private`. */
        set: (item: { key?: unknown; value?: unknown; expireAt?: number | null | undefined }, { isPrivate = false } = {}) =>
          put([item], isPrivate),

        /** All or none. */
        setMany: (items: readonly { key?: unknown; value?: unknown; expireAt?: number | null | undefined }[], { isPrivate = false } = {}) =>
          put(items, isPrivate),

        /** Not an error when there is none. */
        async delete(given: unknown): Promise<void> {
          const key = parseKey(given);
          await transaction((tx) => replace(tx, key, () => undefined));
        },

        /** `{'': 1}` counts the value itself up, `{'a.b': 1}` a number inside it. */
        increase: (key: unknown, amounts: Readonly<Record<string, number>>, sign: 1 | -1 = 1) =>
          change(key, (old) => increased(old, amounts, sign)),

        /** Appends to the list that is the value (`''`), or to lists inside it. */
        add: (key: unknown, values: Readonly<Record<string, Json>>) => change(key, (old) => added(old, values)),

        /** Sets parts of a value; `ttl` in seconds. */
        update: (key: unknown, values: Readonly<Record<string, Json>>, { ttl }: { ttl?: number | null | undefined } = {}) =>
          change(key, (old) => updated(old, values), ttl == null ? undefined : now() + milliseconds(ttl)),

        /** Takes parts out of a value; null when there is none. */
        async remove(given: unknown, paths: readonly string[]): Promise<Json> {
          const key = parseKey(given);
          return transaction(async (tx) => {
            let value: Json = null;
            await replace(tx, key, (old) => {
              if (!old) return undefined;
              value = removed(parse(old), paths);
              return { ...old, value: toText(value) };
            });
            return value;
          });
        },

        /** The entry ends `ttl` seconds from now. */
        expire: (key: unknown, ttl: number) => expireAtMs(key, now() + milliseconds(ttl)),
        /** The entry ends at a time in seconds since the epoch. */
        expireAt: (key: unknown, timestamp: number) => expireAtMs(key, seconds(timestamp)),

        list: (request: ListRequest): Promise<ListPage> => listPage(database.read, listScope(), request),
        listAll: (request: ListRequest): Promise<Json[]> => listAll(database.read, listScope(), request),

        /** Deletes the whole namespace. */
        async flush(): Promise<void> {
          if (foreign) throw privateKey();
          for (let slice = sliceOfSweep; slice === sliceOfSweep;) {
            slice = await transaction(async (tx) => {
              const rows = await keyValueRows(tx, scope).deleteSome(sliceOfSweep);
              if (rows.length > 0) await keyValueUsage(tx).add(account, -sum(rows), limit);
              return rows.length;
            });
          }
        },
      };
    },
  };
}

const sum = (rows: readonly { bytes: number }[]) => rows.reduce((total, { bytes }) => total + bytes, 0);

const parse = ({ value }: { value: string }): Json => fromText(value);

const milliseconds = (duration: number) => Math.round(Math.max(-1e12, Math.min(1e12, duration)) * 1000);
const seconds = (timestamp: number) => Math.round(Math.max(0, Math.min(1e12, timestamp)) * 1000);

const privateKey = () => new DriveError('key_private', 'This entry is private to the app that it belongs to.');

const full = (limit: number) =>
  new DriveError(
    'keyvalue_full',
    `Your apps store as much as they may in the key-value store (${Math.floor(limit / MiB)} MiB). Delete some of it.`,
  );
