import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClipboard } from './clipboard.ts';

const entries = [{ id: 'a', parent: 'r', name: 'a', kind: 'file' as const, size: 1, createdAt: 0, modifiedAt: 0 }];

test('what was copied can be pasted again and again, what was cut once', () => {
  const clipboard = createClipboard();
  assert.equal(clipboard.take(), null);
  clipboard.put({ mode: 'copy', entries });
  assert.equal(clipboard.take()?.mode, 'copy');
  assert.equal(clipboard.take()?.mode, 'copy');
  clipboard.put({ mode: 'cut', entries });
  assert.equal(clipboard.take()?.mode, 'cut');
  assert.equal(clipboard.take(), null);
});
