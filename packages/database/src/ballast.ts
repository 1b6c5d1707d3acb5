import { randomFillSync } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** More than the write-ahead log usually holds, so that what is in it always finds room in the database itself. In bytes. */
const size = 8 * 1024 * 1024;
/** It is made only where it leaves so many times its size free. */
const margin = 4;
let bytes: Uint8Array | undefined;

/**
 * Room for deleting on a disk that somebody filled to the last byte: a file beside the database that is thrown overboard when the
 * database cannot grow, so that its log can be written back and used again. Made anew at the next start, when there is room.
 */
export function openBallast(path: string): { drop(): void } {
  const file = `${path}-reserve`;
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    if (bavail * bsize > margin * size) {
      // Random, because a file system that compresses would make nothing of zeros.
      bytes ??= randomFillSync(new Uint8Array(size));
      writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 });
    }
  } catch {
    // It is there already, or there is no room for it now.
  }
  return { drop: () => rmSync(file, { force: true }) };
}
