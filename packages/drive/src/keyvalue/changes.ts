import { invalidValue, type Json } from './json.ts';
import { parsePath, valueAt, withoutValueAt, withValueAt } from './path.ts';

/** What the methods of the store make of a value. `old` is undefined when there was none. */

/** Adds to the number at each path, absent ones counting from 0. */
export function increased(old: Json | undefined, amounts: Readonly<Record<string, number>>, sign: 1 | -1): Json {
  return changed(old, amounts, (number, amount) => {
    const sum = (number ?? 0) as unknown;
    if (typeof sum !== 'number') throw invalidValue('Only a number can be increased. The value at this path is something else.');
    const result = sum + sign * amount;
    if (!Number.isFinite(result)) throw invalidValue('The result would be larger than any number.');
    return result;
  });
}

/** Appends to the list at each path, a list item by item; absent ones begin empty. */
export function added(old: Json | undefined, values: Readonly<Record<string, Json>>): Json {
  return changed(old, values, (list, value) => {
    if (list !== undefined && !Array.isArray(list))
      throw invalidValue('Values can be added to a list only. The value at this path is no list.');
    return [...(list ?? []), ...(Array.isArray(value) ? value : [value])];
  });
}

export const updated = (old: Json | undefined, values: Readonly<Record<string, Json>>): Json => changed(old, values, (_, value) => value);

export const removed = (old: Json, paths: readonly string[]): Json =>
  paths.reduce((whole, path) => withoutValueAt(whole, parsePath(path)), old);

function changed<Change>(
  old: Json | undefined,
  changes: Readonly<Record<string, Change>>,
  change: (at: Json | undefined, by: Change) => Json,
): Json {
  let whole = old;
  for (const [text, by] of Object.entries(changes)) {
    const path = parsePath(text);
    whole = withValueAt(whole, path, change(valueAt(whole, path), by));
  }
  if (whole === undefined) throw invalidValue('Name at least one path to change.');
  return whole;
}
