import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { depthOf, modifiedAtOf, overwriteOf, timeoutOf } from './headers.ts';

test('the headers of WebDAV are read as RFC 4918 has them', () => {
  verifies('drive.webdav');
  assert.equal(depthOf({}, [0, 1, 'infinity'], 1), 1);
  assert.equal(depthOf({ depth: 'Infinity' }, [0, 'infinity'], 0), 'infinity');
  for (const depth of ['1', '2', '-0', '0, 0', '']) assert.throws(() => depthOf({ depth }, [0, 'infinity'], 0), { status: 400 });
  assert.equal(overwriteOf({}), true);
  assert.equal(overwriteOf({ overwrite: 'f' }), false);
  assert.throws(() => overwriteOf({ overwrite: 'no' }), { status: 400 });
  assert.equal(timeoutOf({ timeout: 'Second-600' }), 600_000);
  assert.equal(timeoutOf({ timeout: 'Extend, Second-4100000000, Infinite' }), 4_100_000_000_000);
  assert.equal(timeoutOf({ timeout: 'infinite' }), Number.MAX_SAFE_INTEGER);
  for (const timeout of ['', 'Second-', 'Second--1', 'Second-99999999999999999999']) assert.equal(timeoutOf({ timeout }), undefined);
  assert.equal(modifiedAtOf({ 'x-oc-mtime': '1700000000.5' }), 1_700_000_000_500);
  for (const time of ['', 'x', '-1', '1e9', '999999999999999']) assert.equal(modifiedAtOf({ 'x-oc-mtime': time }), undefined);
});
