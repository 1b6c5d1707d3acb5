import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeBrowser } from './describe-browser.ts';

test('a session is named as people know their devices', () => {
  const mozilla = 'Mozilla/5.0';
  assert.equal(
    describeBrowser(`${mozilla} (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36`),
    'Chrome on Linux',
  );
  assert.equal(describeBrowser(`${mozilla} (Windows NT 10.0) AppleWebKit/537.36 Chrome/153.0 Safari/537.36 Edg/153.0`), 'Edge on Windows');
  assert.equal(
    describeBrowser(`${mozilla} (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/604.1`),
    'Safari on iOS',
  );
  assert.equal(describeBrowser('freehold/0.1.0'), 'freehold command');
  assert.equal(describeBrowser(''), 'Unknown program');
});
