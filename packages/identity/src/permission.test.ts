import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { holds, ownPermissions, parseFilePermission, parsePermission } from './permission.ts';

const entry = '0192f3a4-1111-4222-8333-444455556666';
const app = `app-${entry}`;

test('a permission implies the lesser ones of its kind and no other', () => {
  verifies('drive.delegation.permissions');
  const table: [held: string, wanted: string, answer: boolean][] = [
    [`fs:${entry}:write`, `fs:${entry}:read`, true],
    [`fs:${entry}:read`, `fs:${entry}:write`, false],
    [`fs:${entry}:see`, `fs:${entry}:list`, false],
    [`fs:${entry.replace('6666', '7777')}:write`, `fs:${entry}:see`, false],
    [`app-data:${app}`, `app-data:${app}:kv:get`, true],
    [`app-data:${app}:kv`, `app-data:${app}:fs:read`, false],
    [`app-data:${app}:kv:read`, `app-data:${app}:kv:get`, true],
    [`app-data:${app}:kv:read`, `app-data:${app}:kv:set`, false],
    [`app-data:${app}:kv:get`, `app-data:${app}:kv:read`, false],
    [`app-data:${app}:kv`, `app-data:${app}`, false],
    [`apps-of-user:${entry}:write`, `apps-of-user:${entry}:read`, true],
    [`apps-of-user:${entry}:read`, `apps-of-user:${entry}:write`, false],
    [`apps-of-user:${entry}:write`, `subdomains-of-user:${entry}:read`, false],
    ['driver:puter-kvstore', 'driver:puter-kvstore:get', true],
    ['driver:puter-kvstore:get', 'driver:puter-kvstore', false],
    ['driver:puter-kv', 'driver:puter-kvstore', false],
  ];
  for (const [held, wanted, answer] of table) {
    assert.ok(parsePermission(held) && parsePermission(wanted), `${held} ${wanted}`);
    assert.equal(holds([held], wanted), answer, `${held} → ${wanted}`);
  }
  for (const permission of ownPermissions(app)) assert.equal(parsePermission(permission), permission);
});

test('nobody can be given what would empty the store of another app', () => {
  verifies('drive.delegation.permissions');
  assert.equal(parsePermission(`app-data:${app}:kv:flush`), undefined);
  assert.equal(holds([`app-data:${app}:kv:write`, `app-data:${app}:kv:delete`], `app-data:${app}:kv:flush`), false);
});

test('the path in a file permission may hold colons', () => {
  verifies('drive.delegation.permissions');
  assert.deepEqual(parseFilePermission('fs:/me/a:b:write:read'), { subject: '/me/a:b:write', right: 'read' });
  assert.equal(parseFilePermission('fs::read'), undefined);
  assert.equal(parseFilePermission('fs:/me:manage'), undefined);
});
