import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { openPuter } from '../../testing/puter-sdk.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

const origin = 'https://notes.example';
let node: TestNode;
let owner: Person;
let member: Person;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  const guest = await node.payer();
  await expectJson(await owner.fetch('/api/accounts', { method: 'POST', json: { address: guest.address, role: 'member' } }));
  member = await node.signIn(guest);
});
after(() => node.end());

const call = (
  path: string,
  { token, json, method = json === undefined ? 'GET' : 'POST' }: { token?: string; json?: unknown; method?: string },
) =>
  fetch(new URL(path, node.url), {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...(json !== undefined && { 'content-type': 'application/json' }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
const ask = async (path: string, options: Parameters<typeof call>[1]) => expectJson(await call(path, options));
/** Status and code of a refusal. */
const refusal = async (path: string, options: Parameters<typeof call>[1]) => {
  const response = await call(path, options);
  return [response.status, JSON.parse((await response.text()) || '{}').code];
};
const letIn = (person: Person = owner, at = origin): Promise<{ token: string; app_uid: string }> =>
  ask('/auth/get-user-app-token', { token: person.token, json: { origin: at } });

test('PC2 hole 1: an address alone never signs in, by any route', async () => {
  verifies('drive.pc2.wallet-login');
  const { address } = owner;
  const bodies = [
    { address },
    { walletAddress: address, wallet_address: address, eoaAddress: address },
    { username: address, password: '' },
  ];
  const paths = node.routes
    .filter(({ method, policy }) => method === 'POST' && (policy === 'anyone' || policy === 'signed'))
    .map(({ path }) => path);
  assert.ok(paths.includes('/api/auth/login'));
  for (const path of new Set([...paths, '/auth/particle', '/login', '/signup', '/auth/login'])) {
    if (path.includes('.cgi')) continue;
    for (const json of bodies) {
      const response = await call(path, { json });
      const text = await response.text();
      assert.doesNotMatch(text, /f[sat]_[A-Za-z0-9_-]{20}/, `${path} gave a token`);
      assert.equal(response.headers.get('set-cookie'), null, path);
    }
  }
});

test('PC2 hole 2: the token of an app is not the session, and does nothing but what apps may', async () => {
  verifies('drive.pc2.app-token', 'drive.delegation.apps');
  const { token, app_uid } = await letIn();
  assert.notEqual(token, owner.token);
  assert.ok(!token.includes(owner.token.slice(3)));
  const forApps = new Set(['app', 'anyone', 'signed']);
  let refused = 0;
  for (const { method, path, policy } of node.routes) {
    if (forApps.has(policy) || policy === 'owner-or-loopback') continue;
    const response = await call(path.replace(/:\w+/g, 'none').replace(/\*$/, 'x'), { token, method: method === 'ANY' ? 'GET' : method });
    await response.body?.cancel();
    assert.ok(response.status === 401 || response.status === 403, `${method} ${path} (${policy}): ${response.status}`);
    refused++;
  }
  assert.ok(refused > 30);
  const grant = { app_uid, permission: `apps-of-user:${(await ask('/whoami', { token })).uuid}:read` };
  for (const [path, json] of [
    ['/auth/get-user-app-token', { origin: 'https://other.example' }],
    ['/auth/grant-user-app', grant],
    ['/auth/revoke-user-app', { app_uid, permission: '*' }],
    ['/auth/check-app', { origin }],
    ['/auth/revoke-session', { uuid: 'x' }],
    ['/api/app-passwords', { label: 'mine', access: 'write' }],
  ] as const)
    assert.equal((await call(path, { token, json })).status, 403, path);
});

test('an app learns less of the person than the person itself', async () => {
  verifies('drive.puter.whoami');
  const { token, app_uid } = await letIn();
  const person = await ask('/whoami', { token: owner.token });
  assert.equal(person.username, owner.address);
  assert.equal(person.is_user_token, true);
  assert.match(person.uuid, /^[0-9a-f-]{36}$/);
  assert.match(person.directories[`/${owner.address}/Desktop`], /^[0-9a-f-]{36}$/);
  const app = await ask('/whoami', { token });
  assert.deepEqual(Object.keys(app).sort(), [
    'app_name',
    'feature_flags',
    'is_temp',
    'is_user_token',
    'username',
    'uuid',
    'wallet_address',
  ]);
  assert.deepEqual([app.username, app.uuid, app.app_name, app.is_user_token], [owner.address, person.uuid, app_uid, false]);
  await ask('/auth/grant-user-app', { token: owner.token, json: { app_uid, permission: `user:${person.uuid}:email:read` } });
  assert.equal((await ask('/whoami', { token })).email, null, 'the field is there once it was granted');
  assert.deepEqual(await refusal('/whoami', {}), [401, 'token_missing']);
  assert.deepEqual(await refusal('/whoami', { token: 'fa_none.none' }), [401, 'reauth_required']);
  assert.deepEqual(await refusal('/no/such/path', { token }), [404, 'not_found']);
  const { version } = await ask('/version', {});
  assert.match(version, /^\d+\.\d+\.\d+/);
});

test('permissions are given by the person, checked by the app, and gone when they are taken away', async () => {
  verifies('drive.delegation.permissions', 'drive.puter.permissions');
  const { token, app_uid } = await letIn();
  const { uuid, directories } = await ask('/whoami', { token: owner.token });
  const documents = `/${owner.address}/Documents`;
  const byUid = `fs:${directories[documents]}:read`;
  const wanted = [
    `fs:${documents}:read`,
    byUid,
    `fs:${documents}:write`,
    `apps-of-user:${uuid}:read`,
    `app-data:${app_uid}:kv:get`,
    'nonsense',
  ];
  const held = async (who: string) =>
    Object.values((await ask('/auth/check-permissions', { token: who, json: { permissions: wanted } })).permissions);
  assert.deepEqual(await held(owner.token), [true, true, true, true, true, false]);
  assert.deepEqual(await held(token), [false, false, false, false, true, false]);
  await ask('/auth/grant-user-app', { token: owner.token, json: { app_uid, permission: `fs:${documents}:read` } });
  await ask('/auth/grant-user-app', { token: owner.token, json: { origin, permission: `apps-of-user:${uuid}:write` } });
  assert.deepEqual(await held(token), [true, true, false, true, true, false], 'a path and its uid are one permission');
  const listed = await ask('/auth/list-permissions', { token: owner.token });
  assert.ok(
    listed.myself_to_app.some((each: { app_uid: string; permission: string }) => each.app_uid === app_uid && each.permission === byUid),
  );

  assert.deepEqual(await held(member.token), [false, false, false, false, true, false], 'nothing of another person');
  assert.deepEqual(
    await refusal('/auth/grant-user-app', { token: member.token, json: { origin, permission: `fs:${documents}:read` } }),
    [403, 'forbidden'],
    'nobody gives away what is not theirs',
  );
  assert.deepEqual(
    await refusal('/auth/grant-user-app', { token: owner.token, json: { app_uid: app_uid.replace(/.$/, 'x'), permission: byUid } }),
    [404, 'not_found'],
  );

  await ask('/auth/revoke-user-app', { token: owner.token, json: { app_uid, permission: `fs:${documents}:read` } });
  assert.deepEqual(await held(token), [false, false, false, true, true, false]);
  await ask('/auth/revoke-user-app', { token: owner.token, json: { app_uid, permission: '*' } });
  assert.deepEqual(await refusal('/whoami', { token }), [401, 'reauth_required']);
  assert.deepEqual(await ask('/auth/check-app', { token: owner.token, json: { origin } }), { app_uid, authenticated: false });
});

test('an access token holds a part of what its maker holds; an app makes one for reading only', async () => {
  verifies('drive.delegation.access-tokens');
  const { token, app_uid } = await letIn();
  const documents = `/${owner.address}/Documents`;
  const make = '/auth/create-access-token';
  const read = { permissions: [`fs:${documents}:read`], expiresIn: '1h' };
  const refused = await call(make, { token, json: read });
  assert.equal(refused.status, 403);
  assert.deepEqual(plain(await refused.json()).missing_permissions, read.permissions);
  assert.deepEqual(await refusal(make, { token: owner.token, json: { permissions: ['full-api-access'] } }), [403, 'forbidden']);
  assert.deepEqual(await refusal(make, { token: owner.token, json: { ...read, expiresIn: 'soon' } }), [400, 'field_invalid']);
  await ask('/auth/grant-user-app', { token: owner.token, json: { app_uid, permission: `fs:${documents}:write` } });
  const mine = await ask(make, { token: owner.token, json: { ...read, label: 'for a friend' } });
  const theirs = await ask(make, { token, json: read });
  for (const permission of [`fs:${documents}:write`, 'driver:puter-kvstore', `app-data:${app_uid}`])
    assert.deepEqual(await refusal(make, { token, json: { permissions: [permission] } }), [403, 'forbidden'], permission);

  for (const each of [mine.token, theirs.token]) {
    assert.deepEqual(await refusal(make, { token: each, json: read }), [403, 'forbidden'], 'a token makes no token');
    assert.deepEqual(await refusal('/drivers/call', { token: each, json: kv('get', { key: 'k' }) }), [403, 'forbidden']);
    const holds = await ask('/auth/check-permissions', {
      token: each,
      json: { permissions: [`fs:${documents}:list`, `fs:${documents}:write`] },
    });
    assert.deepEqual(Object.values(holds.permissions), [true, false]);
  }
  const revoke = '/auth/revoke-access-token';
  assert.deepEqual(await refusal(revoke, { token, json: { tokenOrUuid: mine.token } }), [404, 'not_found'], 'an app ends only its own');
  const url = `${node.url}/token-read?uid=x&token=${encodeURIComponent(mine.token)}`;
  assert.deepEqual(await ask(revoke, { token: owner.token, json: { tokenOrUuid: url } }), { ok: true });
  assert.deepEqual(await refusal('/whoami', { token: mine.token }), [401, 'reauth_required']);
  await ask('/auth/revoke-user-app', { token: owner.token, json: { app_uid, permission: `fs:${documents}:write` } });
  assert.deepEqual(await refusal('/whoami', { token: theirs.token }), [401, 'reauth_required']);
});

test('sessions and app tokens are listed together and ended one by one', async () => {
  verifies('drive.puter.sessions');
  const other = await node.signIn(owner.account);
  const app = await letIn(other);
  const list = await ask('/auth/list-sessions', { token: owner.token });
  assert.equal(list.filter(({ current }: { current: boolean }) => current).length, 1);
  const held = list.find(({ kind, app_uid }: { kind: string; app_uid: string }) => kind === 'app' && app_uid === app.app_uid);
  await ask('/auth/revoke-session', { token: owner.token, json: { uuid: held.uuid } });
  assert.equal((await call('/whoami', { token: app.token })).status, 401);
  assert.deepEqual(await refusal('/auth/revoke-session', { token: member.token, json: { uuid: list[0].uuid } }), [404, 'not_found']);

  const again = await letIn(other);
  assert.deepEqual(await ask('/logout', { token: again.token, json: {} }), {});
  assert.equal((await call('/whoami', { token: again.token })).status, 401, 'an app signs itself out');
  assert.equal((await call('/whoami', { token: other.token })).status, 200, 'and nobody else');
  const last = await letIn(other);
  await ask('/logout', { token: other.token, json: {} });
  assert.equal((await call('/whoami', { token: last.token })).status, 401, 'its apps go with a session');
});

test('a page of another origin may call with a token, and never with the cookie', async () => {
  verifies('drive.puter.origins');
  const { token } = await letIn();
  const headers = { origin: 'https://notes.example' };
  const withToken = await fetch(new URL('/whoami', node.url), { headers: { ...headers, authorization: `Bearer ${token}` } });
  assert.equal(withToken.status, 200);
  assert.equal(withToken.headers.get('access-control-allow-origin'), 'https://notes.example');
  const withCookie = await fetch(new URL('/whoami', node.url), { headers: { ...headers, cookie: `freehold_session=${owner.token}` } });
  assert.equal(withCookie.status, 401);
});

const kv = (method: string, args: unknown, driver?: string) => ({ interface: 'puter-kvstore', method, args, ...(driver && { driver }) });

test('the stock puter.js uses the key-value store, as a person and as an app', async (context) => {
  verifies('drive.keyvalue.puterjs');
  const { token, app_uid } = await letIn();
  for (const who of [owner.token, token]) {
    const puter = openPuter(node.url, who);
    context.after(() => puter.close());
    assert.equal(await puter.kv.set('name', 'Anna'), true);
    assert.equal(await puter.kv.get('name'), 'Anna');
    assert.equal(await puter.kv.get('missing'), null);
    assert.equal(
      await puter.kv.set([
        { key: 'b1', value: 1 },
        { key: 'b2', value: [2] },
      ]),
      true,
    );
    assert.deepEqual(plain(await puter.kv.list()), ['b1', 'b2', 'name']);
    assert.deepEqual(plain(await puter.kv.list('b*', true)), [
      { key: 'b1', value: 1 },
      { key: 'b2', value: [2] },
    ]);
    assert.deepEqual(plain(await puter.kv.list({ limit: 2, includeTotal: true, reverse: true })).total, 3);
    assert.equal(await puter.kv.incr('count'), 1);
    assert.equal(await puter.kv.incr('count', 5), 6);
    assert.equal(await puter.kv.decr('count', 2), 4);
    assert.deepEqual(plain(await puter.kv.update('profile', { 'name.first': 'Anna', age: 40 })), { name: { first: 'Anna' }, age: 40 });
    assert.deepEqual(plain(await puter.kv.add('profile', { tags: ['x', 'y'] })), { name: { first: 'Anna' }, age: 40, tags: ['x', 'y'] });
    assert.deepEqual(plain(await Reflect.apply(puter.kv.remove, puter.kv, ['profile', 'age', 'tags[0]'])), {
      name: { first: 'Anna' },
      tags: ['y'],
    });
    assert.equal(await puter.kv.expire('name', 3600), true);
    assert.equal(await puter.kv.expireAt('count', 1), true);
    assert.equal(await puter.kv.get('count'), null);
    assert.equal(await puter.kv.del('profile'), true);
    const pages = [];
    for await (const page of Reflect.apply(puter.kv.list, puter.kv, [{ stream: true, limit: 1 }])) pages.push(...plain(page).items);
    assert.deepEqual(pages, ['b1', 'b2', 'name']);
    assert.equal(await puter.kv.flush(), true);
    assert.deepEqual(plain(await puter.kv.list()), []);
  }
  const puter = openPuter(node.url, token);
  context.after(() => puter.close());
  const user = plain(await puter.auth.getUser());
  assert.equal(user.app_name, app_uid);
  assert.equal(puter.appID ?? app_uid, app_uid, 'the SDK learns its app from the token');
});

/** From the realm of the SDK into ours. */
// oxlint-disable-next-line typescript/no-explicit-any -- looked into freely; the assertions say what it must be
const plain = (value: unknown): any => JSON.parse(JSON.stringify(value));

test('another app’s namespace opens by permission only, and never to be emptied', async () => {
  verifies('drive.keyvalue.isolation');
  const mine = await letIn();
  const other = await letIn(owner, 'https://reader.example');
  const at = (method: string, args: Record<string, unknown>) => kv(method, { ...args, optConfig: { appUuid: mine.app_uid } });
  await ask('/drivers/call', { token: mine.token, json: kv('set', { key: 'k', value: 1 }) });
  await ask('/drivers/call', { token: mine.token, json: kv('set', { key: 'secret', value: 2, optConfig: { disableSharing: true } }) });
  assert.equal((await ask('/drivers/call', { token: other.token, json: kv('get', { key: 'k' }) })).result, null);
  const refused = await call('/drivers/call', { token: other.token, json: at('get', { key: 'k' }) });
  assert.deepEqual([refused.status, plain(await refused.json()).missing_permissions], [403, [`app-data:${mine.app_uid}:kv:get`]]);
  await ask('/auth/grant-user-app', {
    token: owner.token,
    json: { app_uid: other.app_uid, permission: `app-data:${mine.app_uid}:kv:read` },
  });
  assert.deepEqual((await ask('/drivers/call', { token: other.token, json: at('get', { key: ['k', 'secret'] }) })).result, [1, null]);
  assert.deepEqual(await refusal('/drivers/call', { token: other.token, json: at('set', { key: 'k', value: 3 }) }), [403, 'forbidden']);
  await ask('/auth/grant-user-app', { token: owner.token, json: { app_uid: other.app_uid, permission: `app-data:${mine.app_uid}` } });
  assert.equal((await ask('/drivers/call', { token: other.token, json: at('set', { key: 'k', value: 3 }) })).result, true);
  assert.deepEqual(await refusal('/drivers/call', { token: other.token, json: at('set', { key: 'secret', value: 3 }) }), [
    403,
    'forbidden',
  ]);
  assert.equal(
    (await ask('/drivers/call', { token: owner.token, json: at('get', { key: 'secret' }) })).result,
    2,
    'the person sees its own',
  );
  assert.equal(
    (await ask('/drivers/call', { token: member.token, json: at('get', { key: 'k' }) })).result,
    null,
    'another person has another store',
  );
});

test('the folder of an app is its own; another app reaches it by permission, with its files', async () => {
  verifies('drive.puter.app-folder');
  const mine = await letIn(owner, 'https://folder.example');
  const other = await letIn(owner, 'https://visitor.example');
  const request = '/auth/request-app-root-dir';
  const json = { app_uid: mine.app_uid, access: 'read' };
  const path = `/${owner.address}/AppData/${mine.app_uid}`;
  const own = await ask(request, { token: mine.token, json: { ...json, access: 'write' } });
  assert.deepEqual([own.path, own.is_dir], [path, true]);
  const stat = (token: string) => call('/stat', { token, json: { path } }).then(({ status }) => status);
  assert.deepEqual(await refusal(request, { token: other.token, json }), [403, 'forbidden']);
  assert.deepEqual(await refusal(request, { token: other.token, json: { ...json, check: true } }), [403, 'forbidden']);
  assert.equal(await stat(other.token), 404);

  const give = { app_uid: other.app_uid, permission: `app-root-dir:${mine.app_uid}:read` };
  await ask('/auth/grant-user-app', { token: owner.token, json: give });
  assert.equal((await ask(request, { token: other.token, json })).uid, own.uid);
  assert.equal(await stat(other.token), 200);
  assert.deepEqual(await refusal(request, { token: other.token, json: { ...json, access: 'write' } }), [403, 'forbidden']);
  assert.equal((await call('/mkdir', { token: other.token, json: { parent: path, path: 'x' } })).status, 403, 'for reading only');
  await ask('/auth/revoke-user-app', { token: owner.token, json: give });
  assert.equal(await stat(other.token), 404);

  const data = { app_uid: other.app_uid, permission: `app-data:${mine.app_uid}:fs:write` };
  await ask('/auth/grant-user-app', { token: owner.token, json: data });
  assert.equal((await call('/mkdir', { token: other.token, json: { parent: path, path: 'x' } })).status, 200);
  await ask('/auth/revoke-user-app', { token: owner.token, json: data });
  assert.equal(await stat(other.token), 404);
  assert.deepEqual(await refusal(request, { token: mine.token, json: { app_uid: '../Documents' } }), [400, 'field_invalid']);
});

test('what is no driver of this node is not found, in Puter’s words', async () => {
  verifies('drive.puter.drivers');
  const { token } = await letIn();
  const call404 = (json: unknown) => refusal('/drivers/call', { token, json });
  assert.deepEqual(await call404({ interface: 'puter-chat-completion', method: 'complete', args: {} }), [404, 'not_found']);
  assert.deepEqual(await call404({ interface: '__proto__', method: 'x' }), [404, 'not_found']);
  assert.deepEqual(await call404(kv('constructor', {})), [404, 'not_found']);
  assert.deepEqual(await call404(kv('get', { key: 'k' }, 'other-driver')), [404, 'not_found']);
  assert.deepEqual(await call404({ method: 'get' }), [400, 'field_invalid']);
  assert.deepEqual(await call404(kv('get', { key: '' })), [400, 'field_invalid']);
  assert.deepEqual(await call404(kv('set', { key: 'k'.repeat(1025), value: 1 })), [400, 'key_too_large']);
  assert.deepEqual(await call404(kv('set', { key: 'k', value: 'x'.repeat(400 * 1024) })), [413, 'value_too_large']);
  assert.deepEqual(await ask('/drivers/list-interfaces', { token }), {
    'puter-kvstore': { drivers: ['puter-kvstore'], default: 'puter-kvstore' },
    'puter-apps': { drivers: ['es:app'], default: 'es:app' },
    workers: { drivers: ['worker-service'], default: 'worker-service' },
  });
  const inBody = await fetch(new URL('/drivers/call', node.url), {
    method: 'POST',
    headers: { 'content-type': 'text/plain;actually=json' },
    body: JSON.stringify({ ...kv('get', { key: 'k' }), auth_token: token }),
  });
  assert.equal(inBody.status, 200, 'the token may come in the body');
});

test('apps and app passwords are managed by their person, over the house API', async () => {
  verifies('drive.delegation.apps', 'drive.delegation.passwords');
  const made = await expectJson(
    await owner.fetch('/api/apps', { method: 'POST', json: { origin: 'https://paint.example', name: 'Paint' } }),
  );
  assert.equal((await ask('/whoami', { token: made.token })).app_name, made.app);
  const { apps } = await expectJson(await owner.fetch('/api/apps'));
  assert.equal(apps.find(({ app }: { app: string }) => app === made.app).name, 'Paint');
  const permission = `fs:${(await ask('/whoami', { token: owner.token })).directories[`/${owner.address}/Pictures`]}:read`;
  await ask('/auth/grant-user-app', { token: owner.token, json: { app_uid: made.app, permission } });
  const path = `/api/apps/${made.app}/permissions/${encodeURIComponent(permission)}`;
  assert.equal((await owner.fetch(path, { method: 'DELETE' })).status, 204);
  const listed = await expectJson(await owner.fetch('/api/apps'));
  assert.deepEqual(listed.apps.find(({ app }: { app: string }) => app === made.app).permissions, []);
  assert.equal((await member.fetch(`/api/apps/${made.app}`, { method: 'DELETE' })).status, 404);
  assert.equal((await owner.fetch(`/api/apps/${made.app}`, { method: 'DELETE' })).status, 204);
  assert.equal((await call('/whoami', { token: made.token })).status, 401);

  const password = await expectJson(await owner.fetch('/api/app-passwords', { method: 'POST', json: { label: 'phone', access: 'read' } }));
  assert.match(password.password, /^fp-/);
  const { passwords } = await expectJson(await owner.fetch('/api/app-passwords'));
  assert.deepEqual(
    passwords.map(({ label, access }: Record<string, string>) => [label, access]),
    [['phone', 'read']],
  );
  assert.ok(!JSON.stringify(passwords).includes(password.password));
  assert.deepEqual((await expectJson(await member.fetch('/api/app-passwords'))).passwords, []);
  const basic = { authorization: `Basic ${Buffer.from(`${owner.address}:${password.password}`).toString('base64')}` };
  assert.equal((await fetch(new URL('/api/drive/root', node.url), { headers: basic })).status, 401, 'it opens nothing but what mounts');
  assert.equal((await owner.fetch(`/api/app-passwords/${password.id}`, { method: 'DELETE' })).status, 204);
});

test('no token and no password reaches the log', async () => {
  verifies('foundation.logs');
  const { token } = await letIn();
  await ask('/auth/check-app', { token: owner.token, json: { origin } });
  const text = node.log.join('');
  assert.ok(!text.includes(token.slice(3, 40)));
  assert.doesNotMatch(text, /f[sat]_[A-Za-z0-9]|fp-/);
});
