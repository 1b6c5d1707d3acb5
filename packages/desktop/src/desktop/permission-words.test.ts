import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryOfPermission, permissionWords } from './permission-words.ts';

const uid = '0190a5a0-0000-4000-8000-00000000000a';

test('permissions of apps are said in words, with the name of the file', () => {
  assert.equal(permissionWords(`fs:${uid}:read`, 'Documents'), 'Read Documents');
  assert.equal(permissionWords(`fs:${uid}:write`), 'Read and change a file or folder');
  assert.equal(permissionWords('driver:puter-kvstore:get'), 'Use the service puter-kvstore');
  assert.equal(permissionWords(`subdomains-of-user:${uid}:write`), 'Read and change your list of sites');
  assert.equal(permissionWords('something:new'), 'something:new');
});

test('only a permission on a file names an entry', () => {
  assert.equal(entryOfPermission(`fs:${uid}:read`), '0190a5a000004000800000000000000a');
  assert.equal(entryOfPermission('driver:x'), undefined);
});
