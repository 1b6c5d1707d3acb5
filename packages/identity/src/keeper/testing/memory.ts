import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const pieceBytes = 1024 * 1024;

/**
 * How often bytes occur in the memory of a process, in everything of it that can be read (Linux; the same user). Pieces overlap, so that
 * none is missed at a border.
 */
export function countInMemory(pid: number, patterns: readonly Buffer[]): number {
  const longest = Math.max(...patterns.map(({ length }) => length));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let count = 0;
  try {
    for (const [start, end] of regionsOf(pid)) {
      for (let at = start; at < end; at += pieceBytes) {
        const piece = readAt(memory, at, Math.min(pieceBytes + longest - 1, end - at));
        if (piece) count += patterns.reduce((sum, pattern) => sum + occurrences(piece, pattern, pieceBytes), 0);
      }
    }
  } finally {
    closeSync(memory);
  }
  return count;
}

function regionsOf(pid: number): [start: number, end: number][] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line): [number, number][] => {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r\S+ .*?(?:\s\S*)?$/.exec(line) ?? [];
      if (start === undefined || end === undefined || /\[v(var|syscall|dso)/.test(line)) return [];
      return [[Number.parseInt(start, 16), Number.parseInt(end, 16)]];
    });
}

/** Undefined for what was only reserved. */
function readAt(memory: number, at: number, length: number): Buffer | undefined {
  const piece = Buffer.alloc(length);
  try {
    return piece.subarray(0, readSync(memory, piece, 0, length, at));
  } catch {
    return undefined;
  }
}

function occurrences(piece: Buffer, pattern: Buffer, within: number): number {
  let count = 0;
  for (let at = piece.indexOf(pattern); at !== -1 && at < within; at = piece.indexOf(pattern, at + 1)) count++;
  return count;
}

/** A key in the forms in which it could lie in memory or on a disk. */
export function formsOf(key: Buffer): Buffer[] {
  const hex = key.toString('hex');
  return [
    key,
    Buffer.from(key).reverse(),
    Buffer.from(hex),
    Buffer.from(hex.toUpperCase()),
    Buffer.from(hex, 'utf16le'),
    Buffer.from(key.toString('base64').replace(/=+$/, '')),
    Buffer.from(key.toString('base64url')),
    Buffer.from(BigInt(`0x${hex}`).toString()),
  ];
}
