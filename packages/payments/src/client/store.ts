import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { toAddress, type Hex } from '@freehold/protocol';
import type { Spent } from './budget.ts';
import { superseded, type Ending, type PaymentState, type SpendEntry, type SpendLedger } from './ledger.ts';

/** How long a process waits for another that is writing. */
const patienceMs = 15_000;

/** Each entry is one step from the version before; released ones never change. */
const steps = [
  `CREATE TABLE payment (
     id INTEGER PRIMARY KEY, at INTEGER NOT NULL, session TEXT NOT NULL, url TEXT NOT NULL, method TEXT NOT NULL, scheme TEXT NOT NULL,
     network TEXT NOT NULL, asset TEXT NOT NULL, symbol TEXT NOT NULL, decimals INTEGER NOT NULL, payer TEXT NOT NULL, pay_to TEXT NOT NULL,
     amount TEXT NOT NULL, charged TEXT NOT NULL, state TEXT NOT NULL, reference TEXT NOT NULL, expires_at INTEGER,
     transaction_hash TEXT, reason TEXT) STRICT;
   CREATE INDEX payment_session ON payment (session, id);
   CREATE INDEX payment_state ON payment (state, id);
   CREATE INDEX payment_reference ON payment (reference, id);
   CREATE INDEX payment_pay_to ON payment (pay_to, id);
   CREATE TABLE spent (
     session TEXT NOT NULL, network TEXT NOT NULL, asset TEXT NOT NULL, symbol TEXT NOT NULL, decimals INTEGER NOT NULL, amount TEXT NOT NULL,
     PRIMARY KEY (session, network, asset)) STRICT, WITHOUT ROWID;
   CREATE TABLE channel (id TEXT PRIMARY KEY, kind TEXT NOT NULL, payer TEXT NOT NULL, updated_at INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
   CREATE INDEX channel_payer ON channel (payer, kind, id);`,
];

type Row = Record<string, string | number | bigint | null | Uint8Array>;

/** What a wallet remembers between programs: payments in a ledger, and its channels and grants. */
export type ClientStore = SpendLedger & {
  channels: ChannelStore;
  close(): void;
};

/** State of channels and grants, as JSON text that their scheme understands. Written before anything that relies on it leaves. */
export type ChannelStore = {
  get(id: string): Promise<string | undefined>;
  put(id: string, channel: { kind: string; payer: string; state: string; at: number }): Promise<void>;
  delete(id: string): Promise<void>;
  list(filter: { payer?: string; kind?: string; limit: number }): Promise<{ id: string; kind: string; payer: string; state: string }[]>;
};

/** The same for as long as the program lasts. */
export function openMemoryChannels(): ChannelStore {
  const channels = new Map<string, { kind: string; payer: string; state: string }>();
  return {
    get: async (id) => channels.get(id)?.state,
    async put(id, { kind, payer, state }) {
      channels.set(id, { kind, payer, state });
    },
    async delete(id) {
      channels.delete(id);
    },
    async list({ payer, kind, limit }) {
      const wanted = [...channels].filter(([, each]) => (payer ?? each.payer) === each.payer && (kind ?? each.kind) === each.kind);
      return wanted.slice(0, limit).map(([id, each]) => ({ id, ...each }));
    },
  };
}

/**
 * One SQLite file for every process of a person: each write is on the disk before it is relied upon, and writers wait for one another.
 * Amounts are decimal text, for SQLite's integers end at 2^63.
 */
export function openClientStore(file: string): ClientStore {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // For the owner's eyes only; SQLite gives its other files the same rights.
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: patienceMs });
  try {
    // EXTRA: what is committed is on the disk even if power fails at once. A rollback journal, not WAL: many processes open the file at once for one write each, and WAL cannot be entered while others look.
    database.exec('PRAGMA synchronous = EXTRA');
    migrate(database);
  } catch (error) {
    database.close();
    throw error;
  }

  function write<Answer>(work: () => Answer): Answer {
    database.exec('BEGIN IMMEDIATE');
    try {
      const answer = work();
      database.exec('COMMIT');
      return answer;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }

  const spentBy = (session: string): Spent[] =>
    database
      .prepare('SELECT network, symbol, decimals, amount FROM spent WHERE session = ? LIMIT 1000')
      .all(session)
      .map((row) => ({
        token: { network: String(row['network']), symbol: String(row['symbol']), decimals: Number(row['decimals']) },
        amount: BigInt(String(row['amount'])),
      }));

  function add(session: string, token: SpendEntry['token'], change: bigint): void {
    const found = database
      .prepare('SELECT amount FROM spent WHERE session = ? AND network = ? AND asset = ?')
      .get(session, token.network, token.asset);
    const amount = BigInt(String(found?.['amount'] ?? '0')) + change;
    database
      .prepare(
        `INSERT INTO spent (session, network, asset, symbol, decimals, amount) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (session, network, asset) DO UPDATE SET amount = excluded.amount`,
      )
      .run(session, token.network, token.asset, token.symbol, token.decimals, String(amount));
  }

  function conclude(id: number, { state, charged, transaction, reason }: Ending): void {
    const row = database.prepare('SELECT * FROM payment WHERE id = ?').get(id);
    if (!row) return;
    const entry = entryOf(row);
    database
      .prepare('UPDATE payment SET state = ?, charged = ?, transaction_hash = ?, reason = ? WHERE id = ?')
      .run(state, String(charged), transaction ?? null, reason ?? null, id);
    add(entry.session, entry.token, charged - entry.charged);
  }

  return {
    async reserve(payment, admit) {
      return write(() => {
        admit(spentBy(payment.session));
        const { token } = payment;
        const { lastInsertRowid } = database
          .prepare(
            `INSERT INTO payment (at, session, url, method, scheme, network, asset, symbol, decimals, payer, pay_to, amount, charged, state,
               reference, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', ?, ?)`,
          )
          .run(
            payment.at,
            payment.session,
            payment.url,
            payment.method,
            payment.scheme,
            token.network,
            token.asset,
            token.symbol,
            token.decimals,
            payment.payer,
            payment.payTo,
            String(payment.amount),
            String(payment.amount),
            payment.reference,
            payment.expiresAt ?? null,
          );
        add(payment.session, token, payment.amount);
        return Number(lastInsertRowid);
      });
    },

    conclude: async (id, ending) => write(() => conclude(id, ending)),

    async supersede(reference, { before, states }) {
      write(() => {
        const rows = database
          .prepare(`SELECT id, state FROM payment WHERE reference = ? AND id < ? AND state IN ('sent', 'refused') LIMIT 1000`)
          .all(reference, before);
        for (const { id, state } of rows) if (states.some((wanted) => wanted === state)) conclude(Number(id), superseded);
      });
    },

    spent: async (session) => spentBy(session),

    async list({ since = 0, limit, session, state, payTo, reference }) {
      const wanted = { session, state, pay_to: payTo, reference };
      const columns = Object.entries(wanted).flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]));
      const where = ['at >= ?', ...columns.map(({ column }) => `${column} = ?`)].join(' AND ');
      return database
        .prepare(`SELECT * FROM payment WHERE ${where} ORDER BY id DESC LIMIT ?`)
        .all(since, ...columns.map(({ value }) => value), limit)
        .map(entryOf);
    },

    channels: {
      async get(id) {
        const row = database.prepare('SELECT state FROM channel WHERE id = ?').get(id);
        return row && String(row['state']);
      },
      async put(id, { kind, payer, state, at }) {
        write(() =>
          database
            .prepare(
              `INSERT INTO channel (id, kind, payer, updated_at, state) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, state = excluded.state`,
            )
            .run(id, kind, payer, at, state),
        );
      },
      async delete(id) {
        write(() => database.prepare('DELETE FROM channel WHERE id = ?').run(id));
      },
      async list({ payer, kind, limit }) {
        return database
          .prepare('SELECT * FROM channel WHERE (? IS NULL OR payer = ?) AND (? IS NULL OR kind = ?) ORDER BY updated_at DESC, id LIMIT ?')
          .all(payer ?? null, payer ?? null, kind ?? null, kind ?? null, limit)
          .map((row) => ({ id: String(row['id']), kind: String(row['kind']), payer: String(row['payer']), state: String(row['state']) }));
      },
    },

    close: () => database.close(),
  };
}

function migrate(database: DatabaseSync): void {
  const version = () => Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version() === steps.length) return;
  if (version() > steps.length) throw new Error('it was written by a newer version of Freehold');
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have done it while this one waited.
    for (const step of steps.slice(version())) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function entryOf(row: Row): SpendEntry {
  const text = (name: string) => String(row[name]);
  const maybe = (name: string) => (row[name] === null ? undefined : text(name));
  return {
    id: Number(row['id']),
    at: Number(row['at']),
    session: text('session'),
    url: text('url'),
    method: text('method'),
    scheme: text('scheme'),
    token: { network: text('network'), asset: toAddress(text('asset')), symbol: text('symbol'), decimals: Number(row['decimals']) },
    payer: toAddress(text('payer')),
    payTo: toAddress(text('pay_to')),
    amount: BigInt(text('amount')),
    charged: BigInt(text('charged')),
    state: text('state') as PaymentState,
    reference: text('reference') as Hex,
    expiresAt: row['expires_at'] === null ? undefined : Number(row['expires_at']),
    transaction: maybe('transaction_hash'),
    reason: maybe('reason'),
  };
}
