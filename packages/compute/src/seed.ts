import { hkdfSync } from 'node:crypto';
import type { Plan } from './identify.ts';

/** What the randomness of a deterministic function's task is drawn from; undefined for other functions, whose randomness is real. */
export const seedOf = ({ call: { offer } }: Plan, task: string): Uint8Array | undefined =>
  offer.deterministic ? new Uint8Array(hkdfSync('sha256', task, '', 'freehold/seed/1', 32)) : undefined;
