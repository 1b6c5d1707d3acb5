import assert from 'node:assert/strict';
import { test } from 'node:test';
import handler from './handler.ts';

test('it greets', async () => {
  const response = await handler.fetch(new Request('http://localhost/?name=Ada'));
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'Hello, Ada!\n');
});
