import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { verifies } from '../../../requirements/verifies.ts';

const MiB = 1 << 20;

test('a process that takes in and gives out 200 MiB grows by less than 64 MiB', async (t) => {
  verifies('foundation.drive.stream');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-drive-memory-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = join(import.meta.dirname, 'testing', 'memory-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, directory, `${200 * MiB}`], { timeout: 120_000 });
  const { grown, received } = JSON.parse(stdout) as { grown: number; received: number };
  assert.equal(received, 200 * MiB);
  t.diagnostic(`grew by ${(grown / MiB).toFixed(1)} MiB`);
  assert.ok(grown < 64 * MiB, `grew by ${grown} bytes`);
});
