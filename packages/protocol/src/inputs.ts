import * as dagCbor from '@ipld/dag-cbor';
import { sha256 } from '@noble/hashes/sha2.js';
import { cidOf, dagCborCodec } from './cid.ts';

/** A folder that a program is given, as far as the program can see it. */
export type InputFolder = {
  /** Where the program finds it. */
  path: string;
  writable: boolean;
  entries: readonly InputEntry[];
};
export type InputEntry = { path: string; modifiedMs: number } & (
  | { type: 'folder' }
  | { type: 'symlink'; target: string }
  | { type: 'file'; size: number; content: string }
);

/**
 * CIDv1 (dag-cbor, sha2-256) of the folders that a program is given, in any order of them and of what they hold: equal folders
 * have equal ids, and one file that changed gives another. It is the `inputs` of a task.
 */
export function inputsCidOf(folders: readonly InputFolder[]): string {
  const listed = folders.map(({ path, writable, entries }) => [path, writable, sorted(entries).map(lineOf)]);
  return cidOf(dagCborCodec, sha256(dagCbor.encode({ v: 1, folders: listed.sort(([a], [b]) => compare(String(a), String(b))) })));
}

const sorted = (entries: readonly InputEntry[]) => [...entries].sort((a, b) => compare(a.path, b.path));
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function lineOf(entry: InputEntry): (string | number)[] {
  const { path, modifiedMs } = entry;
  if (entry.type === 'folder') return [path, modifiedMs, 'folder'];
  if (entry.type === 'symlink') return [path, modifiedMs, 'symlink', entry.target];
  return [path, modifiedMs, 'file', entry.size, entry.content];
}
