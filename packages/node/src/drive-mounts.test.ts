import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { buildGuest } from '../../compute/src/testing/wasm/build-guest.ts';
import { verifies } from '../../../requirements/verifies.ts';
import { uidOfId } from './http/uid.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

type Mount = { path: string; folder: string; mode: 'read' | 'write' };
let node: TestNode;
let alice: Person;
let bob: Person;
let guest: string;

before(async () => {
  [node, guest] = await Promise.all([startTestNode(), buildGuest('drive').then((bytes) => Buffer.from(bytes).toString('base64'))]);
  alice = await node.signIn();
  bob = await node.letIn(alice, 'member');
});
after(() => node.end());

const json = async (person: Person, path: string, init?: Parameters<Person['fetch']>[1]) => expectJson(await person.fetch(path, init));
const at = async (person: Person, path: string) => json(person, `/api/drive/stat?path=${encodeURIComponent(path)}`);
const idOf = async (person: Person, path: string): Promise<string> => (await at(person, path)).id;
const makeFolder = async (person: Person, parent: string, name: string): Promise<string> =>
  (await json(person, '/api/drive/folders', { method: 'POST', json: { parent, name } })).id;
const write = (person: Person, parent: string, name: string, body: string | Buffer) =>
  json(person, `/api/drive/files?parent=${parent}&name=${name}&onConflict=replace`, {
    method: 'PUT',
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
const content = async (person: Person, path: string) => (await person.fetch(`/api/drive/files/${await idOf(person, path)}/content`)).text();

/** A folder of somebody with a file in it and a folder with another. */
async function furnish(person: Person, name: string): Promise<string> {
  const folder = await makeFolder(person, await idOf(person, '/Documents'), name);
  await write(person, folder, 'note.txt', `note of ${name}`);
  await write(person, await makeFolder(person, folder, 'inner'), 'deep.txt', `deep in ${name}`);
  return folder;
}

function request(words: string[], mounts: Mount[], more: object = {}) {
  return { bytes: guest, args: words, mounts, ...more };
}
async function attempt(person: Person, words: string[], mounts: Mount[]) {
  const response = await person.fetch('/api/run', { method: 'POST', json: request(words, mounts) });
  const body = Object(await response.json());
  const lines = Buffer.from(String(body.stdout ?? ''), 'base64')
    .toString()
    .trimEnd()
    .split('\n');
  return { status: response.status, code: body.error?.code ?? body.code, message: JSON.stringify(body), ...body, lines };
}
const run = async (person: Person, words: string[], mounts: Mount[]) => {
  const ran = await attempt(person, words, mounts);
  assert.equal(ran.status, 200, ran.message);
  return ran;
};
const data = (folder: string, mode: Mount['mode'] = 'write'): Mount[] => [{ path: '/data', folder, mode }];

test('a program changes a folder of the drive, and all of it is kept together as versions, moves and trash', async () => {
  verifies('compute.mounts.commit', 'cloud.wasm.wasi');
  await furnish(alice, 'kept');
  const words = [
    'append',
    'data/note.txt',
    ' and more',
    'mkdir',
    'data/new',
    'mv',
    'data/inner/deep.txt',
    'data/new/deep.txt',
    'rmdir',
    'data/inner',
  ];
  const ran = await run(alice, [...words, 'write', 'data/new/made.txt', 'made'], data('/Documents/kept'));
  assert.deepEqual([ran.exitCode, ran.lines], [0, ['append 0', 'mkdir 0', 'mv 0', 'rmdir 0', 'write 0']]);
  assert.equal(await content(alice, '/Documents/kept/note.txt'), 'note of kept and more');
  assert.equal(await content(alice, '/Documents/kept/new/deep.txt'), 'deep in kept');
  assert.equal(await content(alice, '/Documents/kept/new/made.txt'), 'made');
  const { versions } = await json(alice, `/api/drive/entries/${await idOf(alice, '/Documents/kept/note.txt')}/versions`);
  assert.deepEqual(
    versions.map(({ number, size }: { number: number; size: number }) => [number, size]),
    [[1, 12]],
  );
  const { entries } = await json(alice, '/api/drive/trash');
  assert.deepEqual(
    entries.map(({ name }: { name: string }) => name),
    ['inner'],
  );
  assert.equal(ran.changed, 6);
});

test('a program that fails, traps or is stopped changes nothing', async () => {
  verifies('compute.mounts.commit');
  await furnish(alice, 'safe');
  const words = ['write', 'data/note.txt', 'spoilt', 'rm', 'data/inner/deep.txt', 'rmdir', 'data/inner', 'write', 'data/new.txt', 'new'];
  assert.deepEqual(pick(await run(alice, [...words, 'exit', '3'], data('/Documents/safe'))), ['exit', 3, 0]);
  assert.deepEqual(pick(await run(alice, [...words, 'trap'], data('/Documents/safe'))), ['trap', 0, 0]);
  const leave = new AbortController();
  const stopped = alice.fetch('/api/run', {
    method: 'POST',
    json: request([...words, 'loop'], data('/Documents/safe')),
    signal: leave.signal,
  });
  await runs(alice, 1);
  await setTimeout(300);
  leave.abort();
  await assert.rejects(stopped);
  await runs(alice, 0);
  assert.equal(await content(alice, '/Documents/safe/note.txt'), 'note of safe');
  assert.equal(await content(alice, '/Documents/safe/inner/deep.txt'), 'deep in safe');
  assert.equal((await alice.fetch('/api/drive/stat?path=/Documents/safe/new.txt')).status, 404);
});

/** Settles when somebody runs so many programs. */
async function runs(person: Person, count: number): Promise<void> {
  for (let look = 0; look < 500; look++) {
    if ((await json(person, '/api/wasm/stats')).stats.activeExecutions === count) return;
    await setTimeout(5);
  }
  assert.fail(`not ${count} programs run`);
}

const pick = ({ reason, exitCode, changed }: { reason: string; exitCode: number | null; changed: number }) => [reason, exitCode, changed];

test('0 ways out: other wallets, what lies above, links of every kind, the trash, shortcuts', async (t) => {
  verifies('compute.mounts.rights', 'cloud.wasm.scope');
  const mine = await furnish(alice, 'mine');
  const theirs = await furnish(bob, 'theirs');
  const trashed = await furnish(alice, 'trashed');
  assert.ok((await alice.fetch(`/api/drive/entries/${trashed}`, { method: 'DELETE' })).ok);
  await write(alice, await idOf(alice, '/Documents'), 'outside.txt', 'outside of the mount');

  for (const folder of [
    theirs,
    `/${bob.address}/Documents/theirs`,
    `/${bob.address.toLowerCase()}/Documents/theirs`,
    `/Documents/mine/../../../${bob.address}/Documents/theirs`,
    `~/../${bob.address}/Documents/theirs`,
    '/etc',
    '../../etc',
    node.dataDirectory,
    'file:///etc',
  ]) {
    for (const mode of ['read', 'write'] as const) {
      const { status, message } = await attempt(alice, ['list', 'data'], data(folder, mode));
      assert.equal(status, 404, `${folder}: ${message}`);
    }
  }
  assert.equal((await attempt(alice, ['list', 'data'], data(trashed))).status, 409);
  assert.equal((await attempt(alice, ['list', 'data'], data('/Documents/trashed'))).status, 404);

  const inside = [
    'data/../outside.txt',
    'data/../../outside.txt',
    'data/inner/../../outside.txt',
    '/data/../outside.txt',
    '../Documents/outside.txt',
    `/${bob.address}/Documents/theirs/note.txt`,
    '/etc/passwd',
    'data//../../etc/passwd',
    '/proc/self/environ',
  ];
  for (const path of inside) {
    const { lines } = await run(alice, ['read', path, 'write', path, 'evil', 'rm', path, 'ln', 'data/note.txt', path], data(mine));
    assert.ok(!lines.join('\n').includes('outside of the mount') && !lines.join('\n').includes('root:'), `${path}: ${lines}`);
  }
  assert.equal(await content(alice, '/Documents/outside.txt'), 'outside of the mount');

  // Symbolic links lead nowhere outside, and are not kept.
  for (const target of ['../outside.txt', '../../../etc/passwd', '/etc/passwd', `../../${bob.address}`]) {
    const { lines, status } = await attempt(alice, ['symlink', target, 'data/way', 'read', 'data/way', 'rm', 'data/way'], data(mine));
    assert.ok(
      status === 200 && !lines.join('\n').includes('outside of the mount') && !lines.join('\n').includes('root:'),
      `${target}: ${lines}`,
    );
  }
  const kept = await attempt(alice, ['write', 'data/x.txt', 'x', 'symlink', 'note.txt', 'data/way'], data(mine));
  assert.deepEqual([kept.status, /symbolic link/.test(kept.message)], [422, true]);
  assert.equal((await alice.fetch('/api/drive/stat?path=/Documents/mine/x.txt')).status, 404);

  // Two names of one file become two files of the drive; the second is no way into the first.
  await run(alice, ['ln', 'data/note.txt', 'data/twin.txt'], data(mine));
  await run(alice, ['write', 'data/twin.txt', 'twin'], data(mine));
  assert.equal(await content(alice, '/Documents/mine/note.txt'), 'note of mine');
  t.diagnostic(`${inside.length} paths, 4 link targets, 9 places of others: 0 ways out`);
});

test('what is given to be read stays as it is; shares and tokens count as far as they go', async () => {
  verifies('compute.mounts.rights');
  const folder = await furnish(alice, 'shared');
  const share = (right: string) => json(alice, `/api/drive/entries/${folder}/shares/${bob.address}`, { method: 'PUT', json: { right } });
  assert.equal((await attempt(bob, ['read', 'data/note.txt'], data(folder, 'read'))).status, 404);
  await share('list');
  assert.equal((await attempt(bob, ['read', 'data/note.txt'], data(folder, 'read'))).status, 403);
  await share('read');
  const changes = [
    'write',
    'data/note.txt',
    'x',
    'mkdir',
    'data/x',
    'rm',
    'data/note.txt',
    'mv',
    'data/note.txt',
    'data/y',
    'symlink',
    'a',
    'data/z',
  ];
  const reading = await run(bob, ['read', 'data/note.txt', ...changes], data(folder, 'read'));
  assert.deepEqual(reading.lines, ['read note of shared', 'write 69', 'mkdir 69', 'rm 69', 'mv 69', 'symlink 69']);
  assert.equal((await attempt(bob, ['list', 'data'], data(folder, 'write'))).status, 403);
  await share('write');
  assert.equal((await run(bob, ['write', 'data/note.txt', 'by bob'], data(`/${alice.address}/Documents/shared`))).changed, 1);
  assert.equal(await content(alice, '/Documents/shared/note.txt'), 'by bob');

  // A right that ends while the program runs is gone when its changes would be kept.
  const slow = attempt(
    bob,
    ['write', 'data/note.txt', 'late', 'sum', 'big/big.bin'],
    [...data(folder), { path: '/big', folder: await bigFolder(), mode: 'read' }],
  );
  await runs(bob, 1);
  await json(alice, `/api/drive/entries/${folder}/shares/${bob.address}`, { method: 'DELETE' }).catch(() => undefined);
  assert.equal((await slow).status, 404);
  assert.equal(await content(alice, '/Documents/shared/note.txt'), 'by bob');

  const { token } = await json(alice, '/auth/create-access-token', {
    method: 'POST',
    json: { permissions: [`fs:${uidOfId(folder)}:read`] },
  });
  const ask = (folder: string, mode: string) =>
    fetch(new URL('/api/run', node.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ bytes: guest, args: ['list', 'data'], mounts: [{ path: '/data', folder, mode }] }),
    });
  assert.deepEqual(
    [(await ask(folder, 'read')).status, (await ask(folder, 'write')).status, (await ask('/Documents/mine', 'read')).status],
    [200, 403, 404],
  );
  assert.equal((await fetch(new URL('/api/run', node.url), { method: 'POST', body: '{}' })).status, 401);
});

let big: Promise<string> | undefined;
const bigBytes = 100 * 1024 * 1024;
/** A folder of Bob with a file of 100 MiB. */
const bigFolder = () =>
  (big ??= (async () => {
    const folder = await makeFolder(bob, await idOf(bob, '/Documents'), 'big');
    await write(bob, folder, 'big.bin', Buffer.alloc(bigBytes, 'some bytes '));
    return folder;
  })());

test('a file of 100 MiB is read piece by piece, and one that is not read costs nothing', async (t) => {
  verifies('compute.mounts.lazy');
  const folder = await bigFolder();
  const idle = await run(bob, ['list', 'data'], data(folder, 'read'));
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  const ran = await run(bob, ['sum', 'data/big.bin'], data(folder, 'read'));
  clearInterval(watch);
  assert.deepEqual(ran.lines, [`sum ${bigBytes}`]);
  const grown = Math.round((peak - before) / 1024 / 1024);
  t.diagnostic(
    `read 100 MiB in ${Math.round(ran.usage.wallUs / 1000)} ms; the node grew by ${grown} MiB, the program had ${ran.usage.maxRssBytes} bytes`,
  );
  assert.ok(grown < 64, `${grown} MiB`);
  assert.ok(ran.usage.maxRssBytes < 8 * 1024 * 1024);
  assert.ok(idle.usage.wallUs * 4 < ran.usage.wallUs);
});

test('the folders are part of the task: equal ones give equal ids, a changed file another; they are named, apart and few', async () => {
  verifies('compute.mounts.identity');
  const folder = await furnish(alice, 'known');
  const inputs = async () => (await run(alice, ['list', 'data'], data(folder, 'read'))).inputs;
  const first = await inputs();
  assert.match(first, /^bafyrei/);
  assert.equal(await inputs(), first);
  await write(alice, folder, 'note.txt', 'another note');
  assert.notEqual(await inputs(), first);
  for (const mounts of [
    [...data(folder), { path: '/more', folder, mode: 'write' as const }],
    [...data(folder), { path: '/data', folder, mode: 'read' as const }],
    [...data(folder), { path: '/data/inner', folder, mode: 'read' as const }],
    [{ path: '/da/../ta', folder, mode: 'read' as const }],
    [{ path: 'data', folder, mode: 'read' as const }],
    [{ path: '/', folder, mode: 'read' as const }],
  ])
    assert.equal((await attempt(alice, ['list', 'data'], mounts)).status, 400);
});

test('a conflict and a full drive are named, and nothing is kept', async () => {
  verifies('compute.mounts.conflict');
  const folder = await furnish(alice, 'busy');
  const slow = attempt(
    alice,
    ['write', 'data/note.txt', 'mine', 'sum', 'big/big.bin'],
    [...data(folder), { path: '/big', folder: await shareBig(), mode: 'read' }],
  );
  await runs(alice, 1);
  await write(alice, folder, 'note.txt', 'theirs');
  const { status, message } = await slow;
  assert.deepEqual([status, /changed_meanwhile/.test(message), /note\.txt/.test(message)], [409, true, true], message);
  assert.equal(await content(alice, '/Documents/busy/note.txt'), 'theirs');

  const { used } = await json(alice, '/api/storage/limit');
  await json(alice, '/api/storage/limit', { method: 'POST', json: { limit: used + 10 } });
  const full = await attempt(alice, ['write', 'data/a.txt', 'twelve bytes', 'write', 'data/b.txt', 'x'], data(folder));
  await json(alice, '/api/storage/limit', { method: 'POST', json: { limit: null } });
  assert.deepEqual([full.status, /quota_exceeded/.test(full.message)], [507, true]);
  assert.equal((await alice.fetch('/api/drive/stat?path=/Documents/busy/b.txt')).status, 404);
});

async function shareBig(): Promise<string> {
  const folder = await bigFolder();
  await json(bob, `/api/drive/entries/${folder}/shares/${alice.address}`, { method: 'PUT', json: { right: 'read' } });
  return folder;
}
