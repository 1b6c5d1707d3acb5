import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wasiFunctionNames } from './names.ts';
import { openWasi } from './wasi.ts';

test('the functions that may be imported are the ones there are', () => {
  const { calls } = openWasi({
    imports: [...wasiFunctionNames],
    memory: undefined,
    args: [],
    env: [],
    stdin: new Uint8Array(0),
    limits: { stdout: 0, stderr: 0, scratch: 0 },
  });
  assert.deepEqual(new Set(Object.keys(calls)), wasiFunctionNames);
});
