import { createCipheriv, createHash, hash } from 'node:crypto';
import { fileCid, leafSize } from '../cid.ts';

/** What a file is at one moment, to be compared with what is found after a crash. Versions newest first. */
export type FileState = { parent: string; name: string; cid: string; versions: string[]; trashed: boolean };

/** The CID of `keyStream(seed, size)`, computed apart from the drive. */
export function cidOfSeed(seed: string, size: number): string {
  if (size > leafSize) throw new RangeError('One leaf is enough here');
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return fileCid({ digests: hash('sha256', cipher.update(Buffer.alloc(size)), 'buffer'), size });
}
