import { sql, type Sql } from '@freehold/database';
import type { Address, Offer } from '@freehold/protocol';

/** What a list of offers is asked for. */
export type OfferFilter = {
  tag?: string | undefined;
  /** Part of a name, title, description or tag, in any case. */
  text?: string | undefined;
  owner?: Address | undefined;
  /** CID of a program that it sells. */
  program?: string | undefined;
  interface?: Offer['interface'] | undefined;
  /** The last offer of the page before. */
  after?: { createdAt: number; id: string } | undefined;
  limit: number;
};

export type OfferRecord = { id: string; document: string; signature: `0x${string}`; withdrawn_at: number | null };

const wordsOf = ({ name, title = '', description = '', tags = [] }: Offer) =>
  [name, title, description, ...tags].join('\n').toLowerCase().replaceAll('\0', '');

const contains = (text: string) => `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;

/** Offers that are not withdrawn, newest first. */
export function searchOffers(read: Sql, { tag, text, owner, program, after, limit, ...filter }: OfferFilter): Promise<OfferRecord[]> {
  const all = sql`1 = 1`;
  return read.all<OfferRecord>(sql`SELECT id, document, signature, withdrawn_at FROM offer
    WHERE withdrawn_at IS NULL
      AND ${filter.interface === undefined ? all : sql`interface = ${filter.interface}`}
      AND ${owner === undefined ? all : sql`owner = ${owner}`}
      AND ${program === undefined ? all : sql`document LIKE ${`%"cid":"${program}"%`}`}
      AND ${text === undefined ? all : sql`words LIKE ${contains(text)} ESCAPE '\\'`}
      AND ${tag === undefined ? all : sql`EXISTS (SELECT 1 FROM offer_tag WHERE offer_tag.offer = offer.id AND offer_tag.tag = ${tag})`}
      AND ${after === undefined ? all : sql`(created_at < ${after.createdAt} OR (created_at = ${after.createdAt} AND id > ${after.id}))`}
    ORDER BY created_at DESC, id LIMIT ${limit}`);
}

/** Makes an offer findable. A document never changes under its id, so once is enough. */
export async function indexOffer(tx: Sql, id: string, offer: Offer): Promise<void> {
  await tx.run(sql`UPDATE offer SET interface = ${offer.interface}, words = ${wordsOf(offer)} WHERE id = ${id}`);
  for (const tag of new Set(offer.tags))
    await tx.run(sql`INSERT INTO offer_tag (offer, tag) VALUES (${id}, ${tag}) ON CONFLICT (offer, tag) DO NOTHING`);
}

/** The offer that was made of an OS402 document. */
export async function offerOfAlias(read: Sql, alias: string): Promise<string | undefined> {
  return (await read.get<{ offer: string }>(sql`SELECT offer FROM offer_alias WHERE alias = ${alias}`))?.offer;
}

/** The OS402 document that an offer was made of, under the hash that its seller signed. */
export const aliasOf = (read: Sql, offer: string): Promise<{ alias: string; document: string } | undefined> =>
  read.get<{ alias: string; document: string }>(sql`SELECT alias, document FROM offer_alias WHERE offer = ${offer} ORDER BY alias LIMIT 1`);

export const addAlias = (tx: Sql, { alias, offer, document }: { alias: string; offer: string; document: string }) =>
  tx.run(sql`INSERT INTO offer_alias (alias, offer, document) VALUES (${alias}, ${offer}, ${document}) ON CONFLICT (alias) DO NOTHING`);
