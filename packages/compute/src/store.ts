import { sql, type Database, type Sql } from '@freehold/database';
import { offer as offerSchema, signedReceipt, type Offer, type Runtime, type SignedReceipt } from '@freehold/protocol';
import { z } from 'zod';
import type { ProgramKind, RunReason, RunResult } from './engine.ts';
import { addAlias, aliasOf, indexOffer, offerOfAlias, searchOffers, type OfferFilter, type OfferRecord } from './store/offer-index.ts';

export type ProgramRow = {
  cid: string;
  size: number;
  kind: ProgramKind;
  runtime: Runtime;
  exports: { name: string; parameters: string[]; results: string[] }[];
};

export type OfferRow = { id: string; offer: Offer; signature: `0x${string}`; withdrawnAt: number | null };

export type TaskRow = {
  id: string;
  offer: string;
  state: 'running' | 'done' | 'failed';
  reason: RunReason | null;
  exitCode: number | null;
  startedAt: number;
  wallUs: number | null;
  cpuUs: number | null;
  maxRssBytes: number | null;
  cacheable: boolean;
};

/** `isKept` is false when its output is not all there. */
type FinishedTask = { id: string; result: RunResult; stdoutSha256: string; isKept: boolean; cacheable: boolean };

export type TaskOutput = { stdoutSha256: string; stdout: Buffer; stderr: Buffer };

const exportsOf = z.array(z.object({ name: z.string(), parameters: z.array(z.string()), results: z.array(z.string()) }));

type ProgramRecord = Omit<ProgramRow, 'exports'> & { exports: string };
type TaskRecord = {
  id: string;
  offer: string;
  state: TaskRow['state'];
  reason: RunReason | null;
  exit_code: number | null;
  started_at: number;
  wall_us: number | null;
  cpu_us: number | null;
  max_rss_bytes: number | null;
  cacheable: number;
};

const taskColumns = sql`id, offer, state, reason, exit_code, started_at, wall_us, cpu_us, max_rss_bytes, cacheable`;
/** How many offers are kept parsed. */
const parsedOffers = 2_000;

const readTask = (row: TaskRecord): TaskRow => ({
  id: row.id,
  offer: row.offer,
  state: row.state,
  reason: row.reason,
  exitCode: row.exit_code,
  startedAt: row.started_at,
  wallUs: row.wall_us,
  cpuUs: row.cpu_us,
  maxRssBytes: row.max_rss_bytes,
  cacheable: row.cacheable === 1,
});

/** The rows of the compute area. `node` marks the tasks that this node runs, of all on the database. */
export function openStore(database: Database, node: string) {
  const { read } = database;
  const documents = new Map<string, Offer>();

  /** A document never changes under its id, so it is parsed once. */
  function documentOf({ id, document }: OfferRecord): Offer {
    const known = documents.get(id);
    if (known) return known;
    if (documents.size >= parsedOffers) documents.clear();
    const parsed = offerSchema.parse(JSON.parse(document));
    documents.set(id, parsed);
    return parsed;
  }

  const readOffer = (row: OfferRecord): OfferRow => ({
    id: row.id,
    offer: documentOf(row),
    signature: row.signature,
    withdrawnAt: row.withdrawn_at,
  });

  const start = (tx: Sql, task: { id: string; offer: string; now: number }) =>
    tx.run(sql`INSERT INTO task (id, offer, state, started_at, cacheable, node) VALUES (${task.id}, ${task.offer}, 'running', ${task.now}, 0, ${node})
      ON CONFLICT (id) DO UPDATE SET state = 'running', started_at = excluded.started_at, reason = NULL, node = excluded.node
      WHERE task.state = 'failed'`);

  const finish = (tx: Sql, { id, result, stdoutSha256, isKept, cacheable }: FinishedTask) =>
    tx.run(sql`UPDATE task SET state = ${isDone(result) ? 'done' : 'failed'}, reason = ${result.reason}, exit_code = ${result.exitCode}, wall_us = ${result.wallUs},
      cpu_us = ${result.cpuUs}, max_rss_bytes = ${result.maxRssBytes}, stdout_sha256 = ${stdoutSha256}, stdout = ${isKept ? result.stdout : null}, stderr = ${result.stderr},
      cacheable = ${cacheable ? 1 : 0} WHERE id = ${id}`);

  return {
    async program(cid: string): Promise<ProgramRow | undefined> {
      const row = await read.get<ProgramRecord>(sql`SELECT cid, size, kind, runtime, exports FROM program WHERE cid = ${cid}`);
      return row && { ...row, exports: exportsOf.parse(JSON.parse(row.exports)) };
    },

    addProgram: (program: ProgramRow, now: number) =>
      database.transaction((tx) =>
        tx.run(sql`INSERT INTO program (cid, size, kind, runtime, exports, created_at)
          VALUES (${program.cid}, ${program.size}, ${program.kind}, ${program.runtime}, ${JSON.stringify(program.exports)}, ${now}) ON CONFLICT (cid) DO NOTHING`),
      ),

    async offer(id: string): Promise<OfferRow | undefined> {
      const row = await read.get<OfferRecord>(sql`SELECT id, document, signature, withdrawn_at FROM offer WHERE id = ${id}`);
      return row && readOffer(row);
    },

    async liveOfferNamed(name: string): Promise<OfferRow | undefined> {
      const row = await read.get<OfferRecord>(
        sql`SELECT id, document, signature, withdrawn_at FROM offer WHERE name = ${name} AND withdrawn_at IS NULL`,
      );
      return row && readOffer(row);
    },

    /** Newest first. */
    async offers(filter: OfferFilter): Promise<OfferRow[]> {
      return (await searchOffers(read, filter)).map(readOffer);
    },

    offerOfAlias: (alias: string) => offerOfAlias(read, alias),
    aliasOf: (offer: string) => aliasOf(read, offer),

    /** A seller's new offer takes the place of his old one of the same name. Answers false when the name is another seller's. */
    publish: (offer: OfferRow, now: number, alias?: { alias: string; document: string }) =>
      database.transaction(async (tx) => {
        const { name, owner, createdAt } = offer.offer;
        const holder = await tx.get<{ id: string; owner: string }>(
          sql`SELECT id, owner FROM offer WHERE name = ${name} AND withdrawn_at IS NULL`,
        );
        if (holder && holder.owner !== owner) return false;
        if (holder && holder.id !== offer.id) await withdrawRow(tx, holder.id, now);
        await tx.run(sql`INSERT INTO offer (id, name, document, signature, owner, created_at)
          VALUES (${offer.id}, ${name}, ${JSON.stringify(offer.offer)}, ${offer.signature}, ${owner}, ${createdAt})
          ON CONFLICT (id) DO UPDATE SET withdrawn_at = NULL`);
        await indexOffer(tx, offer.id, offer.offer);
        if (alias) await addAlias(tx, { ...alias, offer: offer.id });
        return true;
      }),

    withdraw: (id: string, now: number) => database.transaction((tx) => withdrawRow(tx, id, now)),

    async task(id: string): Promise<TaskRow | undefined> {
      const row = await read.get<TaskRecord>(sql`SELECT ${taskColumns} FROM task WHERE id = ${id}`);
      return row && readTask(row);
    },

    /** Newest first, in pages: `after` is the start time and id of the last row of the page before. */
    async tasks({
      owner,
      after,
      limit,
    }: {
      owner: string | undefined;
      after: { startedAt: number; id: string } | undefined;
      limit: number;
    }): Promise<TaskRow[]> {
      const mine = owner === undefined ? sql`1 = 1` : sql`offer IN (SELECT id FROM offer WHERE owner = ${owner})`;
      const page =
        after === undefined ? sql`1 = 1` : sql`(started_at < ${after.startedAt} OR (started_at = ${after.startedAt} AND id > ${after.id}))`;
      const rows = await read.all<TaskRecord>(
        sql`SELECT ${taskColumns} FROM task WHERE ${mine} AND ${page} ORDER BY started_at DESC, id LIMIT ${limit}`,
      );
      return rows.map(readTask);
    },

    async output(id: string): Promise<TaskOutput | undefined> {
      const row = await read.get<{ stdout_sha256: string; stdout: Uint8Array; stderr: Uint8Array }>(
        sql`SELECT stdout_sha256, stdout, stderr FROM task WHERE id = ${id} AND stdout IS NOT NULL`,
      );
      return row && { stdoutSha256: row.stdout_sha256, stdout: Buffer.from(row.stdout), stderr: Buffer.from(row.stderr) };
    },

    async callsOf(offer: string): Promise<number> {
      const row = await read.get<{ calls: number }>(sql`SELECT COUNT(*) AS calls FROM task WHERE offer = ${offer}`);
      return row?.calls ?? 0;
    },

    /** A task that failed before is run anew; one that runs or has a result is left alone. */
    startTask: (task: { id: string; offer: string; now: number }) => database.transaction((tx) => start(tx, task)),

    finishTask: (task: FinishedTask) => database.transaction((tx) => finish(tx, task)),

    /** Tasks from their start to their end at once, for the history. */
    recordTasks: (tasks: readonly (FinishedTask & { offer: string; now: number })[]) =>
      database.transaction(async (tx) => {
        for (const task of tasks) {
          await start(tx, task);
          await finish(tx, task);
        }
      }),

    /** Tasks of this node that a crash cut off: nothing was charged for them, so they count as failed and may be run again. */
    failRunning: () =>
      database.transaction((tx) =>
        tx.run(sql`UPDATE task SET state = 'failed', reason = 'killed' WHERE state = 'running' AND (node = ${node} OR node IS NULL)`),
      ),

    /** Drops the outputs of tasks older than `before`; the rows stay as history. */
    forgetOutputs: (before: number) =>
      database.transaction((tx) =>
        tx.run(sql`UPDATE task SET stdout = NULL, stderr = NULL, cacheable = 0 WHERE started_at < ${before} AND stdout IS NOT NULL`),
      ),

    addReceipt: (task: string, signed: SignedReceipt, now: number) =>
      database.transaction((tx) =>
        tx.run(sql`INSERT INTO receipt (task, payer, nonce, document, created_at)
          VALUES (${task}, ${signed.receipt.payer}, ${signed.receipt.nonce}, ${JSON.stringify(signed)}, ${now}) ON CONFLICT (task, payer, nonce) DO UPDATE SET document = excluded.document, created_at = excluded.created_at`),
      ),

    async receipt(task: string, payment?: { payer: string; nonce: string }): Promise<SignedReceipt | undefined> {
      const which = payment ? sql`payer = ${payment.payer} AND nonce = ${payment.nonce}` : sql`1 = 1`;
      const row = await read.get<{ document: string }>(
        sql`SELECT document FROM receipt WHERE task = ${task} AND ${which} ORDER BY created_at DESC LIMIT 1`,
      );
      return row && signedReceipt.parse(JSON.parse(row.document));
    },
  };
}

const withdrawRow = (tx: Sql, id: string, now: number) =>
  tx.run(sql`UPDATE offer SET withdrawn_at = ${now} WHERE id = ${id} AND withdrawn_at IS NULL`);

/** A task is done when the program ended by itself with code 0: anything else is a failure, and a failure costs nothing. */
export const isDone = (result: RunResult): boolean => result.reason === 'exit' && (result.exitCode ?? 0) === 0;

export type Store = ReturnType<typeof openStore>;
