import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { prepareRunner, spawnLocked } from '../native/index.ts';
import type { Launch } from '../host/process.ts';
import { openWasmPool } from './pool.ts';
import { proveWasmSandbox } from './prove.ts';

const log = () => undefined;

test('the sandbox proves itself by trying to get out, with every way this machine has to confine a process', async () => {
  verifies('foundation.sandbox.proves-itself');
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'freehold-wasm-'));
  try {
    const runner = await prepareRunner({ cacheDirectory, log });
    assert.ok('path' in runner);
    for (const without of [[], ['namespaces'], ['landlock']] as const) {
      const launch: Launch = (options) => spawnLocked({ runner: runner.path, without, ...options });
      const proof = await proveWasmSandbox({ launch });
      assert.ok(proof.available, `without ${without.join()}: ${JSON.stringify(proof)}`);
    }
    const neither: Launch = (options) => spawnLocked({ runner: runner.path, without: ['namespaces', 'landlock'], ...options });
    const refused = await proveWasmSandbox({ launch: neither });
    assert.ok(!refused.available);
    assert.match(refused.reason, /did not start: .*REFUSED: neither user namespaces nor Landlock/);
    assert.match(refused.advice, /Landlock/);
  } finally {
    await rm(cacheDirectory, { recursive: true });
  }
});

test('a launcher that confines nothing is found out', async () => {
  verifies('foundation.sandbox.proves-itself');
  const launch: Launch = ({ program, args, stdio }) => spawn(program, args, { stdio });
  const proof = await proveWasmSandbox({ launch });
  assert.ok(!proof.available);
  assert.match(proof.reason, /Broken: reads no file of the system; .*opens no connection; starts no program/);
});

test('without a sandbox the pool does not open', async () => {
  verifies('foundation.sandbox.proves-itself');
  await assert.rejects(openWasmPool({ runner: { unavailable: 'There is no compiler. Install one.' }, size: 1, log }), {
    code: 'sandbox_unavailable',
    message: 'There is no compiler. Install one.',
  });
  await assert.rejects(openWasmPool({ runner: { path: '/nonexistent/runner', probe: '' }, size: 1, log }), { code: 'sandbox_unavailable' });
});
