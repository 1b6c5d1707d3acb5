import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { verifies } from '../../../../requirements/verifies.ts';

const MiB = 1 << 20;

test('publishing, giving out and taking in 300 MiB and 10,000 files grows a process by less than 128 MiB', async (t) => {
  verifies('drive.ipfs.publish', 'drive.ipfs.car');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-publish-memory-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = join(import.meta.dirname, '../testing/publish-memory-child.ts');
  // A small heap, so that what is measured is what is held and not what waits to be collected.
  const args = ['--expose-gc', '--max-semi-space-size=4', '--max-old-space-size=96', child, directory, `${300 * MiB}`, '10000'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 180_000 });
  const { grown, received } = JSON.parse(stdout) as { grown: number; received: number };
  assert.ok(received > 300 * MiB);
  t.diagnostic(`grew by ${(grown / MiB).toFixed(1)} MiB`);
  assert.ok(grown < 128 * MiB, `grew by ${grown} bytes`);
});
