import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReadHead, readReadyHead, readResultHead } from './read-result.ts';

const honest = {
  id: 1,
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
    { ...honest, id: undefined },
    { ...honest, cpuUs: -1 },
    { ...honest, stdoutBytes: '5' },
  ]) {
    assert.throws(() => readResultHead(lie));
  }
  assert.throws(() => readReadyHead({}));
});

test('a host may ask for a block of a content, and not for the memory of the server', () => {
  const honest = { content: 'cid', offset: 0, length: 1024 * 1024 };
  assert.deepEqual(readReadHead(honest), honest);
  for (const lie of [
    { ...honest, length: 1024 * 1024 + 1 },
    { ...honest, offset: 1e300 },
    { ...honest, offset: -1 },
    { ...honest, content: 7 },
  ])
    assert.throws(() => readReadHead(lie));
});
