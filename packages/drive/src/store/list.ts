import { sql, type Statement } from '@freehold/database';

/** How many values one statement takes; filled up to that unless there is one, so that there are two statements to prepare. */
export const lookupSize = 64;

/** `a, b, c`, for behind IN. */
export function listOf(values: readonly string[]): Statement {
  return values.slice(1).reduce<Statement>((list, value) => sql`${list}, ${value}`, sql`${values[0] ?? ''}`);
}

/** Gives the values as lists of `lookupSize`, one after another; the last is filled up with what no id is. */
export async function inLists(values: readonly string[], work: (list: Statement) => Promise<unknown>): Promise<void> {
  if (values.length === 1) return void (await work(listOf(values)));
  for (let start = 0; start < values.length; start += lookupSize) {
    const some = values.slice(start, start + lookupSize);
    await work(listOf(Array.from({ length: lookupSize }, (_, index) => some[index] ?? '')));
  }
}
