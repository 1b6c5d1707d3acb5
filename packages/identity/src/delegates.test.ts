import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { appOfOrigin } from './app-uid.ts';
import { startIdentity } from './testing/node.ts';
import { makeWallet } from './testing/wallet.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const origin = 'https://notes.example';
const file = 'fs:0192f3a4-1111-4222-8333-444455556666:read';

async function start(context: TestContext) {
  const owner = makeWallet();
  const node = await startIdentity({ owner: owner.address });
  context.after(() => node.stop());
  const { session, token } = await node.signIn(owner);
  const letIn = async (at = origin) => {
    const { app } = await node.identity.authorize({ address: owner.address, origin: at });
    return { app, ...(await node.identity.createAppToken({ address: owner.address, session: session.id, app })) };
  };
  return { ...node, owner, address: owner.address, session, token, letIn };
}

test('an app has a uid that follows from its origin, and a token that says no more than that', async (context) => {
  verifies('drive.delegation.apps');
  const { identity, address, letIn, atRest, events } = await start(context);
  const { app, token } = await letIn(`${origin}/some/page?x=1`);
  assert.match(app, /^app-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(appOfOrigin(origin)?.app, app);
  assert.notEqual(appOfOrigin('http://notes.example')?.app, app, 'another scheme is another app');
  assert.notEqual(appOfOrigin('https://notes.example:8443')?.app, app, 'another port is another app');
  for (const none of ['', 'null', 'notes.example', 'file:///etc/passwd', 'data:text/html,x', 'javascript:alert(1)'])
    assert.equal(appOfOrigin(none), undefined, none);
  assert.match(token, /^fa_[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]+$/);
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assert.deepEqual(claims, { type: 'app-under-user', app_uid: app });
  assert.ok(!atRest().includes(token.slice(3, 46)), 'the disk has its hash only');
  assert.ok(!events.join().includes(token.slice(3, 46)));

  const known = await identity.authenticate(token);
  assert.equal(known?.account.address, address);
  assert.equal(known?.session, undefined, 'it is not a session');
  assert.deepEqual(known?.delegate && 'app' in known.delegate && [known.delegate.kind, known.delegate.app], ['app', app]);
  const forgedClaims = Buffer.from(JSON.stringify({ type: 'session', app_uid: 'app-x' })).toString('base64url');
  for (const forged of [
    `${token.split('.')[0]}.${forgedClaims}`,
    token.split('.')[0] ?? '',
    token.replace('fa_', 'fs_'),
    token.replace('fa_', 'ft_'),
  ])
    assert.equal(await identity.authenticate(forged), undefined, forged);
});

test('an app token ends with its session, with its app, by itself, and with the account', async (context) => {
  verifies('drive.delegation.apps');
  const { identity, address, session, letIn, clock, owner, signIn } = await start(context);
  const alive = async (token: string) => (await identity.authenticate(token)) !== undefined;

  const one = await letIn();
  assert.ok(await alive(one.token));
  await identity.revokeAppToken({ address, id: one.id });
  assert.ok(!(await alive(one.token)), 'revoked by itself');
  await assert.rejects(identity.revokeAppToken({ address, id: one.id }), { code: 'token_unknown', status: 404 });

  const two = await letIn();
  const other = await letIn('https://other.example');
  await identity.forget({ address, app: two.app });
  assert.ok(!(await alive(two.token)), 'the app was shown out');
  assert.ok(await alive(other.token), 'another app stays');
  await assert.rejects(identity.createAppToken({ address, session: session.id, app: two.app }), { code: 'app_unknown' });
  await assert.rejects(identity.authorize({ address, app: two.app }), { code: 'app_unknown' }, 'a uid alone lets in nobody');

  await identity.revoke({ address, id: session.id });
  assert.ok(!(await alive(other.token)), 'signed out');

  const later = await signIn(owner);
  const { token } = await identity.createAppToken({ address, session: later.session.id, app: other.app });
  clock.now += 7 * day;
  assert.ok(!(await alive(token)), 'the session has ended by itself');

  const member = makeWallet();
  await identity.allow({ address: member.address, role: 'member' });
  const login = await signIn(member);
  const { app } = await identity.authorize({ address: member.address, origin });
  const theirs = await identity.createAppToken({ address: member.address, session: login.session.id, app });
  assert.ok(await alive(theirs.token));
  await identity.remove({ address: member.address });
  assert.ok(!(await alive(theirs.token)), 'the account is gone');
});

test('no account reaches the apps, tokens and passwords of another', async (context) => {
  verifies('drive.delegation.apps', 'drive.delegation.passwords');
  const { identity, address, letIn, signIn } = await start(context);
  const member = makeWallet();
  await identity.allow({ address: member.address, role: 'member' });
  const login = await signIn(member);
  const mine = await letIn();
  const access = await identity.createAccessToken({ address, app: undefined, permissions: [file], label: '', lifetime: day });
  const password = await identity.createPassword({ address, label: 'phone', access: 'read' });

  const theirs = { address: member.address };
  assert.deepEqual(await identity.apps(theirs), []);
  assert.deepEqual(await identity.appTokens(theirs), []);
  assert.deepEqual(await identity.accessTokens(theirs), []);
  assert.deepEqual(await identity.passwords(theirs), []);
  await assert.rejects(identity.forget({ ...theirs, app: mine.app }), { code: 'app_unknown' });
  await assert.rejects(identity.revokeAppToken({ ...theirs, id: mine.id }), { code: 'token_unknown' });
  await assert.rejects(identity.revokePassword({ ...theirs, id: password.id }), { code: 'token_unknown' });
  assert.equal(await identity.revokeAccessToken({ ...theirs, app: undefined, tokenOrId: access.id }), false);
  await assert.rejects(identity.createAppToken({ ...theirs, session: login.session.id, app: mine.app }), { code: 'app_unknown' });
  assert.ok(await identity.authenticate(mine.token));
  assert.ok(await identity.authenticate(access.token));
});

test('an app holds its own data and what it was given; what is taken away is gone at once', async (context) => {
  verifies('drive.delegation.permissions');
  const { identity, address, letIn } = await start(context);
  const { app, token } = await letIn();
  const held = async () => {
    const { delegate } = (await identity.authenticate(token)) ?? {};
    return delegate?.kind === 'app' ? delegate.permissions : undefined;
  };
  const own = ['flag:app-is-authenticated', `app-data:${app}`, 'driver:puter-kvstore'];
  assert.deepEqual(await held(), own);
  await identity.grant({ address, app, permission: file.toUpperCase().replace('FS', 'fs').replace('READ', 'read') });
  await identity.grant({ address, origin, permission: file });
  assert.deepEqual(await held(), [...own, file], 'one spelling, held once');
  for (const unknown of [
    '',
    'fs',
    'fs:/home:read',
    'fs:x:read',
    file.replace('read', 'manage'),
    'admin',
    'driver:',
    `${file}\nx`,
    'app-data:x',
    '*',
  ])
    await assert.rejects(identity.grant({ address, app, permission: unknown }), { code: 'permission_unknown', status: 400 }, unknown);

  const handedOn = await identity.createAccessToken({ address, app, permissions: [file], label: '', lifetime: day });
  const unrelated = await identity.createAccessToken({ address, app: undefined, permissions: [file], label: '', lifetime: day });
  await identity.withdraw({ address, app, permission: file });
  assert.deepEqual(await held(), own);
  assert.equal(await identity.authenticate(handedOn.token), undefined, 'what the app handed on is gone too');
  assert.ok(await identity.authenticate(unrelated.token), 'what the account handed on is not');
  await identity.withdraw({ address, app, permission: file });

  await identity.grant({ address, app, permission: file });
  await identity.withdraw({ address, app, permission: '*' });
  assert.equal(await held(), undefined);
  assert.equal(await identity.isAuthorized({ address, app }), false);
  await letIn();
  assert.deepEqual((await identity.apps({ address }))[0]?.permissions, [], 'let in anew it begins with nothing');
});

test('an access token expires, and is revoked by itself or by its id; an app revokes only its own', async (context) => {
  verifies('drive.delegation.access-tokens');
  const { identity, address, letIn, clock } = await start(context);
  const { app } = await letIn();
  const make = (by?: string) => identity.createAccessToken({ address, app: by, permissions: [file], label: 'link', lifetime: day });
  const one = await make();
  const known = await identity.authenticate(one.token);
  assert.deepEqual(known?.delegate, { kind: 'token', id: one.id, app: undefined, permissions: [file] });
  assert.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);

  const [byId, byToken, byApp] = [await make(), await make(), await make(app)];
  assert.equal(await identity.revokeAccessToken({ address, app: undefined, tokenOrId: byId.id }), true);
  assert.equal(await identity.revokeAccessToken({ address, app: undefined, tokenOrId: byToken.token }), true);
  assert.equal(await identity.revokeAccessToken({ address, app, tokenOrId: one.id }), false, 'not the app’s');
  assert.equal(await identity.revokeAccessToken({ address, app, tokenOrId: byApp.id }), true);
  for (const { token } of [byId, byToken, byApp]) assert.equal(await identity.authenticate(token), undefined);
  assert.deepEqual(
    (await identity.accessTokens({ address })).map(({ id, permissions }) => [id, permissions]),
    [[one.id, [file]]],
  );

  clock.now += day - 1;
  assert.ok(await identity.authenticate(one.token));
  clock.now += 1;
  assert.equal(await identity.authenticate(one.token), undefined);
  for (const lifetime of [0, -1, Number.NaN, Infinity, 3651 * day])
    await assert.rejects(identity.createAccessToken({ address, app: undefined, permissions: [], label: '', lifetime }), {
      code: 'bad_expiry',
    });
});

test('an app password is shown once, read however it is typed, for its own account only', async (context) => {
  verifies('drive.delegation.passwords');
  const { identity, address, clock, atRest } = await start(context);
  const { password, id } = await identity.createPassword({ address, label: 'laptop', access: 'write' });
  assert.match(password, /^fp(-[0-9a-z]{5}){5}$/);
  assert.ok(!atRest().includes(password));
  assert.deepEqual(await identity.passwords({ address }), [
    { id, label: 'laptop', access: 'write', createdAt: clock.now, lastUsedAt: null },
  ]);

  const delegate = { kind: 'password', id, access: 'write' };
  const bare = password.slice(3).replaceAll('-', '');
  for (const typed of [password, password.toUpperCase(), bare, ` ${password} `, password.replaceAll('0', 'O').replaceAll('1', 'l')])
    assert.deepEqual((await identity.authenticatePassword({ user: address, password: typed }))?.delegate, delegate, typed);
  assert.ok(await identity.authenticatePassword({ user: '', password }), 'a client that knows no user name');
  assert.ok(await identity.authenticatePassword({ user: address.toUpperCase(), password }));
  assert.equal(await identity.authenticatePassword({ user: makeWallet().address, password }), undefined);
  assert.equal(await identity.authenticatePassword({ user: address, password: '' }), undefined);
  assert.equal(await identity.authenticate(password), undefined, 'it is not a bearer token');

  clock.now += 5 * minute;
  await identity.authenticatePassword({ user: address, password });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await identity.passwords({ address }))[0]?.lastUsedAt, clock.now);
  await identity.revokePassword({ address, id });
  assert.equal(await identity.authenticatePassword({ user: address, password }), undefined);
});
