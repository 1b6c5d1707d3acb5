import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wasiFunctionNames } from './names.ts';
import { createWasi } from './wasi.ts';

test('the functions that may be imported are the ones there are', () => {
  assert.deepEqual(new Set(Object.keys(createWasi().calls)), wasiFunctionNames);
});
