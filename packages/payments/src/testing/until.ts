import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Until something that goes on in the background is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await isSo());) {
    assert(Date.now() < deadline, 'it did not come');
    await sleep(20);
  }
}
