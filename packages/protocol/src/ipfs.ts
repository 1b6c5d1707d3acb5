import { z } from 'zod';

/** A snapshot of a file or folder that anybody can fetch by its CID. */
export const publication = z.strictObject({
  id: z.string(),
  /** The entry it was made of, which may have changed or gone since. */
  entry: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'car']),
  /** The CID under which it is fetched. */
  root: z.string(),
  /** Bytes of the content it keeps, equal content once. */
  size: z.number(),
  files: z.number(),
  createdAt: z.number(),
});
export type Publication = z.infer<typeof publication>;

export const publicationList = z.strictObject({ publications: z.array(publication), next: z.string().nullable() });

/** A signed record of a name that this node passes on. Times in milliseconds. */
export const ipnsEntry = z.strictObject({
  name: z.string(),
  /** What it points at: `/ipfs/…` or `/ipns/…`. */
  value: z.string(),
  /** A whole number of up to 64 bits, in decimal. */
  sequence: z.string(),
  ttl: z.number(),
  validUntil: z.number(),
});
export const ipnsList = z.strictObject({ records: z.array(ipnsEntry), next: z.string().nullable() });
