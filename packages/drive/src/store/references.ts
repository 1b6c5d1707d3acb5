import { sql, type Statement } from '@freehold/database';

/**
 * Everything that holds a reference to a blob: the one list from which references are counted anew. Whatever learns to name content
 * (with `retain`, and `release` at its end) adds itself here, as rows of `cid`.
 */
const holders: readonly Statement[] = [
  sql`SELECT cid FROM entry WHERE cid IS NOT NULL`,
  sql`SELECT cid FROM version`,
  sql`SELECT cid FROM pinned`,
];

/** Everything that counts towards the quota of a drive, as rows of `drive` and `size`. */
const quotaHolders: readonly Statement[] = [sql`SELECT drive, size FROM entry`, sql`SELECT drive, size FROM version`];

const all = (statements: readonly Statement[]): Statement =>
  statements.slice(1).reduce<Statement>((joined, one) => sql`${joined} UNION ALL ${one}`, statements[0] ?? sql``);

/** Rows of `cid`, one for each reference. */
export const references = all(holders);

/** Rows of `drive` and `size`, one for everything a drive pays for. */
export const holdings = all(quotaHolders);
