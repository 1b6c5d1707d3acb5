import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './account.ts';
import { blobRows } from './store/blobs.ts';
import { upkeepRows } from './store/upkeep.ts';

const job = 'scrub';
/** Blobs noted as verified in one transaction. */
const slice = 50;
/** It rests so many times as long as it worked: whoever waits for the disk or the processor comes first. */
const rest = 3;

/**
 * Reads and hashes the next `share` (0 to 1) of all blobs, and notes the damaged ones. The place where it goes on is kept in the
 * database, so that over the days every blob has its turn, however often the node is restarted.
 */
export async function scrub(
  { database, blobs, now }: Context,
  { share, signal, tranquil = true }: { share: number; signal: AbortSignal; tranquil?: boolean },
): Promise<{ verified: number; damaged: number }> {
  const count = await blobRows(database.read).count();
  const done = { verified: 0, damaged: 0 };
  let position = await upkeepRows(database.read).position(job);
  for (let left = Math.ceil(count * share); left > 0;) {
    const asked = Math.min(slice, left);
    const found = await blobRows(database.read).cids(position, asked);
    const intact: string[] = [];
    for (const { cid } of found) {
      signal.throwIfAborted();
      const begun = performance.now();
      const { state } = await blobs.verify(cid, signal);
      if (state === 'intact') intact.push(cid);
      if (state === 'damaged') done.damaged += 1;
      if (tranquil) await delay((performance.now() - begun) * rest, undefined, { signal });
    }
    done.verified += intact.length;
    left -= found.length;
    // Behind the last one it begins anew.
    const next = found.length < asked ? '' : (found.at(-1)?.cid ?? '');
    await database.transaction(async (tx) => {
      for (const cid of intact) await blobRows(tx).setVerified(cid, now());
      await upkeepRows(tx).move(job, next, now());
    });
    if (found.length === 0 && position === '') break;
    position = next;
  }
  return done;
}
