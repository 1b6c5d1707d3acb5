import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { zeroAddress } from '@freehold/protocol';
import { openCompute } from '../../index.ts';

/** The functions of a node in a temporary folder, where everybody's signature is that of the zero address. */
export async function openTestNode() {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-tools-'));
  const database = await openDatabase({ path: join(directory, 'node.db') });
  const compute = await openCompute({
    database,
    node: 'tools',
    directory: join(directory, 'compute'),
    now: Date.now,
    log: () => undefined,
    recover: () => zeroAddress,
    accepts: () => true,
    concurrency: 2,
    retention: 60_000,
    key: Buffer.alloc(32, 1),
  });
  return {
    compute,
    directory,
    async close() {
      await compute.stop();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
