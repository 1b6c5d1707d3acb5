import { invalidValue, isObject, type Json, type JsonObject } from './json.ts';

/**
 * A place inside a value: names joined by dots, positions in lists as `items.0` or `items[0]`, the empty text for the value itself.
 * Names are only ever looked up and set as own properties, so `__proto__` is a name like any other and reaches nothing.
 */
export type Path = readonly string[];

const longest = 32;

/** Errors: `value_invalid`. */
export function parsePath(text: string): Path {
  if (text === '') return [];
  const path = text
    .replaceAll(/\[(\d{1,9})\]/g, '.$1')
    .replace(/^\./, '')
    .split('.');
  if (path.length > longest || path.includes('')) {
    throw invalidValue(`${JSON.stringify(text.slice(0, 100))} is not a path: write names joined by dots, as in "profile.name".`);
  }
  return path;
}

export function valueAt(root: Json | undefined, path: Path): Json | undefined {
  let value = root;
  for (const name of path) {
    if (Array.isArray(value)) value = /^\d{1,9}$/.test(name) ? value[Number(name)] : undefined;
    else value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** Sets a value inside another, making objects on the way; answers the new whole. Errors: `value_invalid` when a text or number is in the way. */
export function withValueAt(root: Json | undefined, path: Path, value: Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const place = root ?? {};
  if (Array.isArray(place)) {
    const position = /^\d{1,9}$/.test(name) ? Number(name) : -1;
    if (position < 0 || position > place.length)
      throw invalidValue(`A list with ${place.length} items has no place ${JSON.stringify(name)}.`);
    return place.toSpliced(position, 1, withValueAt(place[position], rest, value));
  }
  if (!isObject(place)) throw invalidValue(`There is no place ${JSON.stringify(name)} in a value that is neither an object nor a list.`);
  return own(place, name, withValueAt(Object.hasOwn(place, name) ? place[name] : undefined, rest, value));
}

/** The whole without what is at the path; as it was when there is nothing. */
export function withoutValueAt(root: Json, path: Path): Json {
  const [name, ...rest] = path;
  if (name === undefined) return null;
  const inner = valueAt(root, [name]);
  if (inner === undefined) return root;
  const last = rest.length === 0;
  if (Array.isArray(root)) {
    return last ? root.toSpliced(Number(name), 1) : root.toSpliced(Number(name), 1, withoutValueAt(inner, rest));
  }
  if (!isObject(root)) return root;
  if (!last) return own(root, name, withoutValueAt(inner, rest));
  return Object.fromEntries(Object.entries(root).filter(([key]) => key !== name));
}

/** A copy with one own property more; unlike an assignment this cannot reach a setter or the prototype. */
function own(object: JsonObject, name: string, value: Json): JsonObject {
  return Object.fromEntries([...Object.entries(object).filter(([key]) => key !== name), [name, value]]);
}
