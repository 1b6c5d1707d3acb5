import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { covers, isBelow, pathKey } from './index.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const mine = { owner: '', principal: 'alice', infinite: false, exclusive: true };

test('an exclusive lock stands alone; shared locks stand together; depth reaches down and up', async (t) => {
  verifies('drive.webdav.locks');
  const { drive } = await temporaryDrive(t);
  const { locks } = drive.of('alice');
  const conflict = (path: string) => ({ code: 'lock_conflict', status: 423, details: { path } });
  const file = await locks.take({ ...mine, names: ['a', 'b'] });
  await assert.rejects(locks.take({ ...mine, names: ['a', 'b'] }), conflict('/a/b'));
  await assert.rejects(locks.take({ ...mine, names: ['a', 'b'], exclusive: false }), conflict('/a/b'));
  await assert.rejects(locks.take({ ...mine, names: ['a'], infinite: true }), conflict('/a/b'));
  await assert.rejects(locks.take({ ...mine, names: [], infinite: true }), conflict('/a/b'));
  await locks.take({ ...mine, names: ['a'] });
  await locks.take({ ...mine, names: ['a', 'b0'] });
  await locks.release(file.token);
  const shared = [await locks.take({ ...mine, names: ['s'], infinite: true, exclusive: false })];
  shared.push(await locks.take({ ...mine, names: ['s', 'x', 'y'], exclusive: false }));
  await assert.rejects(locks.take({ ...mine, names: ['s', 'z'] }), conflict('/s'));
  // "é" spelled in two ways is one place.
  await locks.take({ ...mine, names: ['\u00e9'] });
  await assert.rejects(locks.take({ ...mine, names: ['e\u0301'] }), conflict('/\u00e9'));
  // Another drive is another place.
  await drive.of('bob').locks.take({ ...mine, names: [], infinite: true });

  await locks.releaseBelow('/a');
  assert.deepEqual(
    (await locks.list()).map(({ path }) => path),
    ['/s', '/s/x/y', '/\u00e9'],
  );
});

test('of many who ask at once for the same place, one gets it', async (t) => {
  verifies('drive.webdav.locks');
  const { drive } = await temporaryDrive(t);
  const { locks } = drive.of('alice');
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => locks.take({ ...mine, names: ['one'] })));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a lock runs out unless it is refreshed, and there are only so many', async (t) => {
  verifies('drive.webdav.locks');
  const { drive, clock } = await temporaryDrive(t);
  const { locks } = drive.of('alice');
  const lock = await locks.take({ ...mine, names: ['a'], timeout: 60_000 });
  assert.equal(lock.timeout, 60_000);
  clock.now += 50_000;
  assert.equal((await locks.refresh({ token: lock.token, timeout: 30_000 }))?.timeout, 30_000);
  assert.equal(await locks.refresh({ token: 'urn:uuid:none' }), undefined);
  clock.now += 31_000;
  assert.deepEqual(await locks.list(), []);
  assert.equal(await locks.refresh({ token: lock.token }), undefined);
  // Nobody locks others out for days.
  assert.equal((await locks.take({ ...mine, names: ['a'], timeout: 4_100_000_000_000 })).timeout, 3_600_000);

  for (let count = 1; count < 500; count++) await locks.take({ ...mine, names: [`${count}`] });
  await assert.rejects(locks.take({ ...mine, names: ['one more'] }), { code: 'too_many_locks', status: 507 });
});

test('places are compared by whole names', () => {
  verifies('drive.webdav.locks');
  assert.equal(pathKey([]), '');
  assert.equal(pathKey(['a', 'b c']), '/a/b c');
  assert.equal(isBelow('/a/b', '/a'), true);
  assert.equal(isBelow('/ab', '/a'), false);
  assert.equal(isBelow('/a', ''), true);
  assert.equal(covers({ path: '/a', infinite: false }, '/a/b'), false);
  assert.equal(covers({ path: '/a', infinite: true }, '/a/b'), true);
});
