import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { uidOfId } from '../../http/uid.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let alice: Person;
let bob: Person;

before(async () => {
  node = await startTestNode();
  alice = await node.signIn();
  const guest = await node.payer();
  await expectJson(await alice.fetch('/api/accounts', { method: 'POST', json: { address: guest.address, role: 'member' } }));
  bob = await node.signIn(guest);
});
after(() => node.end());

const post = (path: string, token: string, json: object) =>
  fetch(new URL(path, node.url), { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: JSON.stringify(json) });
const ask = async (path: string, { token }: { token: string }, json: object) => expectJson(await post(path, token, json));
const refusal = async (path: string, { token }: { token: string }, json: object) => {
  const response = await post(path, token, json);
  return [response.status, JSON.parse(await response.text()).code];
};
const touch = async ({ token }: { token: string }, path: string) => assert.equal((await post('/touch', token, { path })).status, 200);
const names = async (who: { token: string }, path: string): Promise<string[]> =>
  (await ask('/fs/readdir', who, { path })).map(({ name }: { name: string }) => name);
const share = async (owner: Person, uid: string, holder: Person, right: string) => {
  const path = `/api/drive/entries/${uid.replaceAll('-', '')}/shares/${holder.address}`;
  const response = await owner.fetch(path, { method: 'PUT', json: { right } });
  assert.ok(response.ok, await response.text());
};
const letIn = (who: Person, origin: string): Promise<{ token: string; app_uid: string }> =>
  ask('/auth/get-user-app-token', who, { origin });
const missing = [404, 'subject_does_not_exist'];

test('what belongs to another does not exist, by path, by uid, as source, as destination and in the trash', async () => {
  verifies('drive.reach');
  const home = `/${bob.address}`;
  const made = await ask('/mkdir', bob, { parent: home, path: 'private' });
  const trashed = await ask('/mkdir', bob, { parent: home, path: 'thrown away' });
  await ask('/move', bob, { source: trashed.uid, destination: `${home}/Trash`, new_name: trashed.uid });
  const { uid: trash } = await ask('/stat', bob, { path: `${home}/Trash` });
  const mine = await ask('/mkdir', alice, { parent: `/${alice.address}`, path: 'mine' });
  for (const named of [
    home,
    `${home}/private`,
    made.uid,
    trashed.uid,
    `${home}/Trash`,
    `${home}/Trash/${trashed.uid}`,
    trash,
    `${home}/Documents`,
  ]) {
    for (const [path, json] of [
      ['/stat', { path: named }],
      ['/fs/readdir', { path: named }],
      ['/copy', { source: named, destination: mine.path }],
      ['/move', { source: named, destination: mine.path }],
      ['/rename', { path: named, new_name: 'x' }],
      ['/delete', { paths: [named], recursive: true }],
      ['/delete', { paths: [named], recursive: true, descendants_only: true }],
      ['/touch', { path: named }],
      ['/set_layout', { path: named, layout: 'x' }],
    ] as const)
      assert.deepEqual(await refusal(path, alice, json), missing, `${path} ${named}`);
    const read = await alice.fetch(`/read?file=${encodeURIComponent(named)}`);
    assert.equal(read.status, 404, named);
    assert.deepEqual(await refusal('/copy', alice, { source: mine.path, destination: named }), [400, 'dest_does_not_exist'], named);
    assert.deepEqual(await refusal('/mkdir', alice, { parent: named, path: 'x', create_missing_parents: true }), [404, 'not_found'], named);
  }
  assert.deepEqual(await names(bob, `${home}/private`), []);
  assert.deepEqual(
    (await ask('/fs/readdir', alice, { path: '/' })).map(({ path }: { path: string }) => path),
    [`/${alice.address}`],
  );
});

test('what is shared is used within the right given; deleting and moving it away leaves it in the trash of its owner', async () => {
  verifies('drive.puter.shared');
  const home = `/${bob.address}`;
  const dir = (await ask('/mkdir', bob, { parent: home, path: 'project' })).uid;
  for (const name of ['a', 'b', 'c', 'd']) await touch(bob, `${home}/project/${name}`);
  await share(bob, dir, alice, 'read');
  const seen = await ask('/stat', alice, { path: `${home}/project` });
  assert.deepEqual([seen.uid, seen.writable, seen.owner.username], [dir, false, bob.address]);
  for (const [path, json] of [
    ['/mkdir', { parent: dir, path: 'x' }],
    ['/delete', { paths: [`${home}/project/a`] }],
    ['/move', { source: `${home}/project/a`, destination: `/${alice.address}` }],
    ['/rename', { path: `${home}/project/a`, new_name: 'z' }],
  ] as const)
    assert.deepEqual(await refusal(path, alice, json), [403, 'access_denied'], path);
  const [{ copied }] = await ask('/copy', alice, { source: `${home}/project`, destination: `/${alice.address}` });
  assert.deepEqual([copied.path, copied.owner.username], [`/${alice.address}/project`, alice.address]);

  await share(bob, dir, alice, 'write');
  const { moved, old_path } = await ask('/move', alice, {
    source: `${home}/project/a`,
    destination: `/${alice.address}`,
    new_name: 'from bob',
  });
  assert.deepEqual([moved.path, old_path], [`/${alice.address}/from bob`, `${home}/project/a`]);
  await ask('/delete', alice, { paths: [`${home}/project/b`] });
  assert.deepEqual(await refusal('/stat', alice, { path: `${home}/project/b` }), missing);
  const trash = await ask('/fs/readdir', bob, { path: `${home}/Trash` });
  const was = (entry: { metadata: string }): string => JSON.parse(entry.metadata).original_path;
  assert.ok(trash.map(was).includes(`${home}/project/a`) && trash.map(was).includes(`${home}/project/b`));
  await ask('/delete', alice, { paths: [dir], descendants_only: true });
  assert.deepEqual(await names(bob, `${home}/project`), []);
  const { shares } = await ask('/stat', bob, { uid: dir, return_shares: true });
  assert.deepEqual([shares.length, shares[0].holder, shares[0].mode, shares[0].uid_entry], [1, alice.address, 'write', dir]);
  assert.deepEqual((await ask('/stat', alice, { uid: dir, return_shares: true })).shares, []);
});

test('an app has its own folder from the first look, and what it was given; nothing else exists for it', async () => {
  verifies('drive.puter.apps');
  const home = `/${alice.address}`;
  const app = await letIn(alice, 'https://files.example');
  const own = `${home}/AppData/${app.app_uid}`;
  assert.deepEqual(await names(app, own), []);
  assert.equal(
    (await ask('/mkdir', app, { parent: `~/AppData/${app.app_uid}`, path: 'a/b', create_missing_parents: true })).path,
    `${own}/a/b`,
  );
  assert.equal((await ask('/mkdir', app, { parent: `${home}/AppData`, path: app.app_uid })).path, own, 'its folder is there');
  await touch(app, `${own}/a/state.json`);
  const secret = await ask('/mkdir', alice, { parent: home, path: 'secret' });
  for (const path of [home, `${home}/AppData`, `${home}/Documents`, `${home}/Trash`, secret.uid, `${home}/AppData/app-other`])
    for (const call of ['/stat', '/fs/readdir'] as const) assert.deepEqual(await refusal(call, app, { path }), missing, path);
  assert.deepEqual(await ask('/fs/readdir', app, { path: '/' }), []);
  assert.deepEqual(await ask('/search', app, { text: 'secret' }), []);
  assert.deepEqual(
    (await ask('/search', app, { text: 'state' })).map(({ path }: { path: string }) => path),
    [`${own}/a/state.json`],
  );

  const granted = await ask('/mkdir', alice, { parent: home, path: 'granted' });
  for (const name of ['a', 'b']) await touch(alice, `${home}/granted/${name}`);
  await ask('/auth/grant-user-app', alice, { app_uid: app.app_uid, permission: `fs:${granted.uid}:read` });
  assert.deepEqual(await names(app, `${home}/granted`), ['a', 'b']);
  assert.deepEqual(await refusal('/delete', app, { paths: [`${home}/granted/a`] }), [403, 'access_denied']);
  await ask('/auth/grant-user-app', alice, { app_uid: app.app_uid, permission: `fs:${granted.uid}:write` });
  const { uid } = await ask('/stat', app, { path: `${home}/granted/a` });
  await ask('/delete', app, { paths: [`${home}/granted/a`] });
  assert.ok((await names(alice, `${home}/Trash`)).includes(uid), 'what an app was given can be put back');
  const state = await ask('/stat', app, { path: `${own}/a/state.json` });
  await ask('/delete', app, { paths: [own + '/a'], recursive: true });
  assert.ok(!(await names(alice, `${home}/Trash`)).includes(state.uid), 'its own it deletes for good');
  await ask('/auth/revoke-user-app', alice, { app_uid: app.app_uid, permission: `fs:${granted.uid}:write` });
  await ask('/auth/revoke-user-app', alice, { app_uid: app.app_uid, permission: `fs:${granted.uid}:read` });
  assert.deepEqual(await refusal('/stat', app, { path: `${home}/granted` }), missing);
});

test('no body brings the node to fail', async () => {
  verifies('drive.puter.errors');
  const home = `/${alice.address}`;
  const dir = await ask('/mkdir', alice, { parent: home, path: 'fuzz' });
  const file = (await touch(alice, `${home}/fuzz/f`), await ask('/stat', alice, { path: `${home}/fuzz/f` }));
  const odd = [
    null,
    '',
    ' ',
    '/',
    '//',
    '~',
    '~~',
    '..',
    '/..',
    '../../etc/passwd',
    '%2e%2e/%00',
    'a\0b',
    '\ud800',
    '/\u202e',
    `/${'a/'.repeat(5000)}`,
    'x'.repeat(40_000),
    0,
    -1,
    1e308,
    true,
    [],
    [[]],
    [null],
    {},
    { a: { b: 1 } },
    '__proto__',
    uidOfId('f'.repeat(32)),
    '0X' + 'a'.repeat(40),
    '/0X' + 'a'.repeat(40),
    home.toUpperCase(),
    dir.uid,
    dir.path,
    file.uid,
    file.path,
    `${home}/Trash`,
    `${home}/Trash/x`,
    `${home}/Trash/${file.uid}`,
    `${file.path}/x`,
    '/0x1/2',
  ];
  const fields = [
    'path',
    'uid',
    'parent',
    'source',
    'destination',
    'new_name',
    'paths',
    'cursor',
    'limit',
    'offset',
    'depth',
    'sortBy',
    'recursive',
    'dedupe_name',
    'overwrite',
    'create_missing_parents',
    'new_metadata',
    'shortcut_to',
    'item_uid',
    'layout',
    'text',
    'directory_ids',
    'auth',
    '__proto__',
  ];
  const paths = node.routes
    .filter(
      ({ dialect, method, path }) =>
        dialect === 'puter' &&
        method === 'POST' &&
        /^\/(stat|fs\/readdir|mkdir|copy|move|rename|delete|touch|search|set_|readdir|suggest|df)/.test(path),
    )
    .map(({ path }) => path);
  assert.ok(paths.length > 10);
  // The same numbers at every run.
  let seed = 7;
  const pick = <Item>(list: readonly Item[]): Item | undefined => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return list[(seed >> 8) % list.length];
  };
  for (let round = 0; round < 1500; round++) {
    const path = pick(paths) ?? '/stat';
    const json: Record<string, unknown> =
      path === '/delete' ? {} : { path: file.path, parent: dir.path, source: file.path, destination: dir.path };
    for (let count = 0; count < 3; count++)
      Object.defineProperty(json, pick(fields) ?? 'path', { value: pick(odd), enumerable: true, configurable: true, writable: true });
    const response = await post(path, alice.token, json);
    const text = await response.text();
    assert.ok(response.status < 500, `${path} ${JSON.stringify(json).slice(0, 400)}: ${response.status} ${text}`);
    if (response.status >= 400) assert.match(JSON.parse(text).code, /^[a-z_]+$/);
  }
  for (const value of odd) {
    const query = new URLSearchParams({ file: String(value), offset: String(value), byte_count: String(value) });
    for (const url of [
      `/read?file=${encodeURIComponent(String(value).toWellFormed())}`,
      `/read?${query}`,
      `/fs/readdir?path=${encodeURIComponent(String(value).toWellFormed()).slice(0, 8000)}`,
    ]) {
      const response = await alice.fetch(url.slice(0, 12_000));
      await response.arrayBuffer();
      assert.ok(response.status < 500, `${url.slice(0, 100)}: ${response.status}`);
    }
  }
  assert.equal((await ask('/stat', alice, { path: home })).immutable, true);
});
