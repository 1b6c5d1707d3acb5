import { hash } from 'node:crypto';
import { fileCid } from './cid.ts';

/** The blob of a file with nothing in it. */
export const emptyContent = {
  cid: fileCid({ digests: hash('sha256', '', 'buffer'), size: 0 }),
  size: 0,
  leaves: null,
  content: new Uint8Array(0),
  placing: { kind: 'row' } as const,
};
