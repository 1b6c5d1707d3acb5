import { DriveError } from '../error.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper values would end the stack of whatever walks them. */
const deepest = 100;
export const largestValue = 399 * 1024;

/**
 * The text under which a value is stored. Errors: `value_invalid` for what JSON cannot hold or nests deeper than 100 levels,
 * `value_too_large` above 399 KiB.
 */
export function toText(value: unknown): string {
  if (isDeeperThan(value, deepest)) throw invalidValue(`A value may nest at most ${deepest} levels deep.`);
  const text = JSON.stringify(value) ?? 'null';
  if (Buffer.byteLength(text) > largestValue) {
    throw new DriveError('value_too_large', 'A value may hold at most 399 KiB. Store it as a file, or divide it among several keys.');
  }
  return text;
}

/** What `toText` made. */
export function fromText(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

/** Level by level, without recursion. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

export const invalidValue = (message: string) => new DriveError('value_invalid', message);
