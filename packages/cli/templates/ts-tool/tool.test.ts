import assert from 'node:assert/strict';
import { test } from 'node:test';
import tool from './tool.ts';

test('its examples come true', async () => {
  for (const { input, output } of tool.describe().examples ?? []) assert.deepEqual(await tool.call(input), { output });
});

test('it refuses with a code', async () => {
  assert.deepEqual(await tool.call({ name: 'nobody' }), { error: { code: 'not_found', message: 'There is nobody of that name.' } });
});
