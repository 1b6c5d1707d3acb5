import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReadyHead, readResultHead } from './read-result.ts';

const honest = {
  reason: 'exit',
  exitCode: 0,
  wallUs: 1,
  cpuUs: 1,
  maxRssBytes: 0,
  processCpuMs: 1,
  stdoutBytes: 0,
  stderrBytes: 0,
  results: ['1'],
};

test('what an honest host process says gets through, and nothing else does', () => {
  assert.deepEqual(readResultHead({ ...honest, admin: true }), honest);
  assert.equal(readResultHead({ ...honest, trap: 'x'.repeat(5000) }).trap?.length, 1000);
  for (const lie of [
    null,
    'exit',
    { ...honest, reason: 'wall' },
    { ...honest, reason: 'toString' },
    { ...honest, cpuUs: -1 },
    { ...honest, stdoutBytes: '5' },
  ]) {
    assert.throws(() => readResultHead(lie));
  }
  assert.throws(() => readReadyHead({}));
});
