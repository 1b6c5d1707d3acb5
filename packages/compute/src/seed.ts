import { hkdfSync } from 'node:crypto';
import type { Plan } from './identify.ts';

/** What the randomness of a deterministic run of that id is drawn from. */
export const seedOfTask = (task: string): Uint8Array => new Uint8Array(hkdfSync('sha256', task, '', 'freehold/seed/1', 32));

/** What the randomness of a deterministic function's task is drawn from; undefined for other functions, whose randomness is real. */
export const seedOf = ({ call: { offer } }: Plan, task: string): Uint8Array | undefined =>
  offer.deterministic ? seedOfTask(task) : undefined;
