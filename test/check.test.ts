import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('npm run check is clean: types, lint, format, arrows, dead code, lock file', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../scripts/check.ts')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
