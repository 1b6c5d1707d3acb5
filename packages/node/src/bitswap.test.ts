import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBitswap } from './bitswap.ts';

test('where bitswap is not installed, the command that installs it is told', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-no-bitswap-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const blocks = { get: async () => undefined, size: async () => undefined };
  await assert.rejects(openBitswap({ blocks, host: '127.0.0.1', port: 0 }, directory), {
    code: 'bitswap_unavailable',
    message: /npm ci --prefix extras\/bitswap$/,
  });
});
