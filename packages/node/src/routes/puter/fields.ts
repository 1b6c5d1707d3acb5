import { z } from 'zod';

/** Fields of Puter's requests. Null counts as absent; what a schema does not name is ignored, because clients send much. */
export const text = z.string().max(32_768).nullish();
export const flag = z
  .union([z.boolean(), z.literal(0), z.literal(1), z.enum(['true', 'false'])])
  .nullish()
  .transform((value) => value === true || value === 1 || value === 'true');
/** A count, which a query string carries as text. */
export const count = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value),
  z.int().nonnegative().nullish(),
);

/** An entry by its path or its uid. */
export const subject = z.object({ path: text, uid: text });

/** A request of which nothing is read. */
export const anything = z.looseObject({});
