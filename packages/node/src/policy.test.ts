import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import type { Policy } from './http/route.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
const people: Record<string, Person> = {};
/** What acts for the owner with less than all of the owner's rights. */
const delegates: { who: 'app' | 'token' | 'password'; authorization: string }[] = [];

before(async () => {
  node = await startTestNode({ keyService: { at: 'stand-in', trustedRoots: [] }, exposeInfo: true });
  const owner = await node.signIn();
  people['owner'] = owner;
  for (const role of ['admin', 'member', 'guest'] as const) {
    people[role] = await node.letIn(owner, role);
  }
  const post = async (path: string, json: object) => expectJson(await owner.fetch(path, { method: 'POST', json }));
  const app = await post('/api/apps', { origin: 'https://app.example' });
  const access = await post('/auth/create-access-token', { permissions: [`fs:/${owner.address}/Documents:read`] });
  const { password } = await post('/api/app-passwords', { label: 'disk', access: 'write' });
  delegates.push(
    { who: 'app', authorization: `Bearer ${app.token}` },
    { who: 'token', authorization: `Bearer ${access.token}` },
    { who: 'password', authorization: `Basic ${Buffer.from(`${owner.address}:${password}`).toString('base64')}` },
  );
});
after(() => node.end());

/** Who passes which policy. `visitor` is from elsewhere: every request of this test says so with a forwarding header. */
const admitted: Record<Policy, readonly string[]> = {
  anyone: ['owner', 'admin', 'member', 'guest', 'visitor'],
  signed: ['owner', 'admin', 'member', 'guest', 'visitor'],
  app: ['owner', 'admin', 'member', 'guest'],
  files: ['owner', 'admin', 'member', 'guest'],
  session: ['owner', 'admin', 'member', 'guest'],
  seller: ['owner', 'admin', 'member'],
  admin: ['owner', 'admin'],
  owner: ['owner'],
  'owner-or-loopback': ['owner'],
};

test('every route refuses exactly the callers that its policy excludes', async () => {
  verifies('foundation.routes.policy');
  assert.ok(node.routes.length > 30);
  // Ending sessions and the faucet come last, so that they do not disturb the others.
  for (const { method, path, policy } of node.routes) {
    if (/logout|\/api\/sessions$/.test(path) && method !== 'GET') continue;
    const url = path.replace(/:\w+/g, 'none').replace(/\*$/, 'x');
    for (const who of ['owner', 'admin', 'member', 'guest', 'visitor']) {
      const token = people[who]?.token;
      const headers = { 'x-forwarded-for': '203.0.113.9', ...(token && { authorization: `Bearer ${token}` }) };
      const response = await fetch(new URL(url, node.url), { method: method === 'ANY' ? 'GET' : method, headers });
      const refusal = response.status === 401 || response.status === 403;
      await response.body?.cancel();
      assert.equal(!refusal, admitted[policy].includes(who), `${who} at ${method} ${path} (${policy}): ${response.status}`);
      assert.ok(response.status < 500, `${who} at ${method} ${path}: ${response.status}`);
    }
  }
});

test('what acts for the owner is refused by every route that is for a person: apps, access tokens, app passwords', async () => {
  verifies('foundation.routes.policy');
  const mayTry: Partial<Record<Policy, readonly string[]>> = { app: ['app', 'token'], files: ['password'] };
  const free: readonly Policy[] = ['anyone', 'signed'];
  for (const { method, path, policy } of node.routes) {
    if (free.includes(policy)) continue;
    const url = path.replace(/:\w+/g, 'none').replace(/\*$/, 'x');
    for (const { who, authorization } of delegates.filter((one) => mayTry[policy]?.includes(one.who) !== true)) {
      const headers = { 'x-forwarded-for': '203.0.113.9', authorization };
      const response = await fetch(new URL(url, node.url), { method: method === 'ANY' ? 'GET' : method, headers });
      await response.body?.cancel();
      assert.ok([401, 403].includes(response.status), `${who} at ${method} ${path} (${policy}): ${response.status}`);
    }
  }
});

test('metrics are open to this machine, and closed to what comes through a proxy', async () => {
  verifies('foundation.health');
  const metrics = await fetch(new URL('/metrics', node.url));
  assert.equal(metrics.status, 200);
  assert.match(await metrics.text(), /^http_request_duration_seconds_count/m);
  assert.equal((await fetch(new URL('/metrics', node.url), { headers: { 'x-forwarded-for': '203.0.113.9' } })).status, 401);
  const health = await expectJson(await fetch(new URL('/api/health', node.url)));
  assert.equal(health.checks.database.ok, true);
  assert.equal(typeof health.version, 'string');
});

test('a page of another site cannot act with the cookie of a person who is signed in', async () => {
  verifies('foundation.origin');
  const cookie = `freehold_session=${people['owner']?.token}`;
  const attempt = (headers: Record<string, string>) =>
    fetch(new URL('/api/sessions', node.url), { method: 'DELETE', headers: { cookie, ...headers } });
  for (const headers of [
    {},
    { 'x-requested-by': 'freehold', origin: 'https://evil.example' },
    { 'x-requested-by': 'freehold', origin: 'null' },
    { 'x-requested-by': 'freehold', 'sec-fetch-site': 'cross-site' },
    { 'x-requested-by': 'freehold', 'sec-fetch-site': 'same-site' },
  ]) {
    assert.equal((await attempt(headers as Record<string, string>)).status, 403, JSON.stringify(headers));
  }
  assert.equal((await attempt({ 'x-requested-by': 'freehold', origin: node.url })).status, 204);
});

test('uploaded pages are never active on the origin of the desktop', async () => {
  verifies('foundation.origin');
  const owner = people['owner'];
  assert.ok(owner);
  const root = await expectJson(await owner.fetch('/api/drive/root'));
  const file = await expectJson(
    await owner.fetch(`/api/drive/files?parent=${root.id}&name=evil.html`, {
      method: 'PUT',
      body: '<script>alert(1)</script>',
      headers: { 'content-type': 'text/html' },
    }),
  );
  const response = await owner.fetch(`/api/drive/files/${file.id}/content`);
  assert.match(response.headers.get('content-security-policy') ?? '', /^sandbox;/);
  assert.match(response.headers.get('content-disposition') ?? '', /^attachment/);
  const desktop = await fetch(new URL('/', node.url));
  assert.match(desktop.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
});

test('no secret reaches the log', async () => {
  verifies('foundation.logs');
  const text = node.log.join('');
  for (const person of Object.values(people)) assert.ok(!text.includes(person.token));
  assert.doesNotMatch(text, /Bearer|fs_/);
  const requests = node.log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'http.request');
  assert.ok(requests.length > 20);
  for (const line of requests)
    assert.deepEqual(Object.keys(line).sort(), ['event', 'latencyMs', 'level', 'method', 'requestId', 'route', 'status', 'ts']);
});

test('an administrator lets people in and out, and makes or ends no administrator', async () => {
  verifies('identity.roles');
  const { owner, admin } = people;
  assert.ok(owner && admin);
  const guest = await node.letIn(admin, 'guest');
  const put = (who: Person, json: object) => who.fetch('/api/accounts', { method: 'POST', json });
  assert.equal((await put(admin, { address: guest.address, role: 'admin' })).status, 403);
  assert.equal((await put(admin, { address: admin.address, role: 'member' })).status, 403);
  assert.equal((await put(admin, { address: owner.address, role: 'guest' })).status, 409);
  assert.equal((await admin.fetch(`/api/accounts/${owner.address}`, { method: 'DELETE' })).status, 409);
  const second = await node.letIn(owner, 'admin');
  assert.equal((await admin.fetch(`/api/accounts/${second.address}`, { method: 'DELETE' })).status, 403);
  assert.equal((await admin.fetch(`/api/accounts/${guest.address}`, { method: 'DELETE' })).status, 204);
  assert.equal((await put(owner, { address: second.address, role: 'member' })).status, 201);
  assert.equal((await second.fetch('/api/accounts')).status, 403, 'no longer one, in the session that it has');
});
