import { sql, type Database, type Sql } from '@freehold/database';
import { offer as offerSchema, type Offer, type Runtime } from '@freehold/protocol';
import { z } from 'zod';
import type { ProgramKind } from './engine.ts';
import { openLru } from './lru.ts';
import { openKeyStore } from './store/keys.ts';
import { addAlias, aliasOf, indexOffer, offerOfAlias, searchOffers, type OfferFilter, type OfferRecord } from './store/offer-index.ts';
import { openProgramHolders } from './store/program-holders.ts';
import { openReceiptStore } from './store/receipts.ts';
import { openTaskStore } from './store/tasks.ts';
import { openUsageStore } from './store/usage.ts';

export type ProgramRow = {
  cid: string;
  size: number;
  kind: ProgramKind;
  runtime: Runtime;
  exports: { name: string; parameters: string[]; results: string[] }[];
};

export type OfferRow = { id: string; offer: Offer; signature: `0x${string}`; withdrawnAt: number | null };

const exportsOf = z.array(z.object({ name: z.string(), parameters: z.array(z.string()), results: z.array(z.string()) }));

type ProgramRecord = Omit<ProgramRow, 'exports'> & { exports: string };
/** How many offers are kept parsed. */
const parsedOffers = 2_000;

/** The rows of the compute area. `node` marks the tasks that this node runs, of all on the database. */
export function openStore(database: Database, node: string) {
  const { read } = database;
  const documents = openLru<Offer>({ most: parsedOffers });

  /** A document never changes under its id, so it is parsed once. */
  const documentOf = ({ id, document }: OfferRecord): Offer =>
    documents.get(id) ?? documents.set(id, offerSchema.parse(JSON.parse(document)), 1);

  const readOffer = (row: OfferRecord): OfferRow => ({
    id: row.id,
    offer: documentOf(row),
    signature: row.signature,
    withdrawnAt: row.withdrawn_at,
  });

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

    async callsOf(offer: string): Promise<number> {
      const row = await read.get<{ calls: number }>(sql`SELECT COUNT(*) AS calls FROM task WHERE offer = ${offer}`);
      return row?.calls ?? 0;
    },

    ...openKeyStore(database),
    ...openProgramHolders(database),
    ...openTaskStore(database, node),
    ...openReceiptStore(database),
    ...openUsageStore(database),
  };
}

const withdrawRow = (tx: Sql, id: string, now: number) =>
  tx.run(sql`UPDATE offer SET withdrawn_at = ${now} WHERE id = ${id} AND withdrawn_at IS NULL`);

export type Store = ReturnType<typeof openStore>;
