import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { openPuter } from '../../testing/puter-sdk.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';
import { appOfWorker } from '../../worker-app.ts';

let node: TestNode;
let owner: Person;
let other: Person;
let puter: ReturnType<typeof openPuter>;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  other = await node.letIn(owner, 'member');
  puter = openPuter(node.url, owner.token);
});
after(async () => {
  puter.close();
  await node.end();
});

// oxlint-disable-next-line typescript/no-explicit-any -- test answers are looked into freely; the assertions say what they must be
const plain = async (promise: Promise<unknown>): Promise<any> => JSON.parse(JSON.stringify(await promise));

const source = `
  router.get('/hello/:name', async ({ request, params, user }) => ({ hello: params.name, query: new URL(request.url).searchParams.get('q'), isKnown: Boolean(user) }));
  router.get('/text', () => 'plain');
  router.post('/echo', async ({ request }) => new Response(await request.text(), { status: 201, headers: { 'x-worker': 'yes', 'set-cookie': 'a=b', 'content-security-policy': "default-src *" } }));
  router.get('/headers', ({ request }) => Object.fromEntries(request.headers));
  router.get('/files/*rest', ({ params }) => params.rest);
  router.get('/fail', () => { console.log('about to fail'); throw new Error('on purpose') });
  router.get('/globals', () => [typeof process, typeof fetch, typeof require, typeof me.puter.fs.read, typeof user].join());
  router.put('/mine', async ({ request }) => { await me.puter.fs.write('note.txt', await request.text()); await me.puter.kv.set('count', 41); await me.puter.kv.incr('count'); return [await (await me.puter.fs.read('note.txt')).text(), await me.puter.kv.get('count'), (await me.puter.fs.stat('note.txt')).path] });
  router.get('/secret', async () => { try { return await (await me.puter.fs.read('~/Documents/secret.txt')).text() } catch (error) { return { refused: error.code } } });
  router.get('/yours', async ({ user }) => { if (!user) return { nobody: true }; await user.puter.kv.set('visits', 1); return { username: (await user.puter.auth.getUser()).username, visits: await user.puter.kv.get('visits'), mine: await me.puter.kv.get('visits') } });
  router.get('/reach', async ({ user }) => { const seen = []; for (const who of [me, user]) for (const path of ['~/Documents', '/0x0000000000000000000000000000000000000001']) seen.push(await who.puter.fs.readdir(path).then(() => 'read', (error) => error.code)); return seen });
  router.delete('/x', () => undefined);
`;
const call = (path: string, init: RequestInit = {}) => fetch(new URL(`/workers/greeter${path}`, node.url), init);

test('the SDK makes a worker of a file of the drive, calls it, finds it, and deletes it', async () => {
  verifies('compute.workers.sdk');
  await puter.fs.write('greeter.js', source);
  const made = await plain(puter.workers.create('Greeter', 'greeter.js'));
  assert.deepEqual([made.success, made.url], [true, `${node.url}/workers/greeter`]);
  const answer = await puter.workers.exec(`${made.url}/hello/Ada?q=7`);
  assert.deepEqual(await answer.json(), { hello: 'Ada', query: '7', isKnown: true });
  const worker = await plain(puter.workers.get('GREETER'));
  assert.deepEqual([worker.name, worker.url, worker.file_path], ['greeter', made.url, `/${owner.address}/greeter.js`]);
  assert.equal(worker.app_uid, appOfWorker('greeter'));
  await puter.workers.create('second', 'greeter.js');
  assert.deepEqual(
    (await plain(puter.workers.list())).map(({ name }: { name: string }) => name),
    ['greeter', 'second'],
  );
  const page = await plain(puter.workers.list({ limit: 1, includeTotal: true }));
  assert.deepEqual([page.items.length, page.cursor, page.total], [1, 'greeter', 2]);
  assert.equal(await puter.workers.delete('second'), true);
  assert.equal(await puter.workers.get('second'), undefined);
  assert.equal((await fetch(new URL('/workers/second/text', node.url))).status, 404);
});

test('what cannot be a worker is refused with what is wrong', async () => {
  verifies('compute.workers.sdk');
  const refusal = async (name: string, path: string) =>
    puter.workers.create(name, path, { sandbox: false }).then(
      () => 'made',
      (error: unknown) => String(Object(error).message ?? Object(error).code),
    );
  await puter.fs.write('broken.js', 'router.get(');
  assert.match(await refusal('broken', 'broken.js'), /It is no JavaScript module that can be run/);
  assert.match(await refusal('not a name', 'greeter.js'), /cannot be the name of a worker/);
  assert.match(await refusal('nothing', 'missing.js'), /There is no such file/);
  const response = await other.fetch('/drivers/call', {
    method: 'POST',
    json: {
      interface: 'workers',
      driver: 'worker-service',
      method: 'create',
      args: { workerName: 'greeter', filePath: `/${owner.address}/greeter.js` },
    },
  });
  assert.equal(response.ok, false, 'a file that one may not read is no worker');
  await other.fetch(`/drivers/call`, {
    method: 'POST',
    json: { interface: 'workers', method: 'destroy', args: { workerName: 'greeter' } },
  });
  assert.equal((await call('/text')).status, 200, 'nobody deletes the worker of another');
});

test('routes, parameters, methods and answers are as the worker sets them', async () => {
  verifies('compute.workers.router');
  assert.deepEqual(
    [await (await call('/text')).text(), (await call('/text')).headers.get('content-type')],
    ['plain', 'text/plain;charset=UTF-8'],
  );
  assert.equal(await (await call('/files/a/b%20c.txt')).text(), 'a/b c.txt');
  const echoed = await call('/echo', { method: 'POST', body: 'x'.repeat(100_000) });
  assert.deepEqual([echoed.status, (await echoed.text()).length, echoed.headers.get('x-worker')], [201, 100_000, 'yes']);
  assert.equal(echoed.headers.get('set-cookie'), null);
  assert.match(echoed.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none'/);
  assert.equal(echoed.headers.get('access-control-allow-origin'), '*');
  assert.equal((await call('/x', { method: 'DELETE' })).status, 204);
  assert.equal((await call('/nowhere')).status, 404);
  assert.equal((await call('/hello/a', { method: 'POST' })).status, 404);
  assert.equal((await call('/text', { method: 'HEAD' })).status, 200);
  const preflight = await call('/echo', {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'puter-auth' },
  });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-headers')], [204, 'puter-auth']);
  assert.equal(await (await call('/globals')).text(), 'undefined,undefined,undefined,function,undefined');
});

test('no token or cookie of a caller reaches a worker', async () => {
  verifies('compute.workers.reach');
  const headers = {
    'puter-auth': owner.token,
    authorization: `Bearer ${owner.token}`,
    cookie: 'session=1',
    'x-own': 'kept',
    'payment-signature': 'x',
  };
  const seen = await expectJson(await call('/headers', { headers }));
  assert.equal(seen['x-own'], 'kept');
  assert.deepEqual(
    Object.keys(headers).filter((name) => name in seen),
    ['x-own'],
  );
});

test('a worker acts for its owner as an app of its own, and for a caller who lends himself', async () => {
  verifies('compute.workers.reach');
  const app = appOfWorker('greeter');
  await puter.fs.write('Documents/secret.txt', 'secret');
  assert.deepEqual(await expectJson(await call('/mine', { method: 'PUT', body: 'written' })), [
    'written',
    42,
    `/${owner.address}/AppData/${app}/note.txt`,
  ]);
  assert.match(JSON.stringify(await expectJson(await call('/secret'))), /^{"refused":"(subject_does_not_exist|forbidden)"}$/);
  assert.deepEqual(await expectJson(await call('/yours')), { nobody: true });
  assert.deepEqual(await expectJson(await call('/yours', { headers: { 'puter-auth': 'nonsense' } })), { nobody: true });
  assert.deepEqual(await expectJson(await call('/yours', { headers: { 'puter-auth': other.token } })), {
    username: other.address,
    visits: 1,
    mine: null,
  });
  for (const outcome of await expectJson(await call('/reach', { headers: { 'puter-auth': other.token } })))
    assert.notEqual(outcome, 'read');

  const secret = await plain(puter.fs.stat('Documents/secret.txt'));
  const granted = await owner.fetch('/auth/grant-user-app', {
    method: 'POST',
    json: { app_uid: app, permission: `fs:${secret.uid}:read` },
  });
  assert.equal(granted.status, 200, await granted.text());
  assert.equal(await (await call('/secret')).text(), 'secret', 'what the owner gives it, it has');
});

test('a worker reaches no driver but the key-value store, whatever it does to its own globals', async () => {
  verifies('compute.workers.reach');
  await puter.fs.write(
    'grasping.js',
    `router.get('/', async ({ user }) => {
      await user.puter.fs.write('planted.js', "router.get('/', () => 'still here')");
      const filePath = (await user.puter.fs.stat('planted.js')).path;
      const stringify = JSON.stringify;
      const asked = [];
      for (const call of [
        { interface: 'workers', driver: 'worker-service', method: 'create', args: { workerName: 'planted', filePath } },
        { interface: 'puter-apps', driver: 'es:app', method: 'select', args: {} },
      ]) {
        JSON.stringify = () => stringify(call);
        asked.push(await user.puter.kv.get('x').then(() => 'answered', () => 'refused'));
        JSON.stringify = stringify;
      }
      return asked;
    });`,
  );
  await puter.workers.create('grasping', 'grasping.js');
  const answer = await fetch(new URL('/workers/grasping', node.url), { headers: { 'puter-auth': other.token } });
  assert.deepEqual(await expectJson(answer), ['refused', 'refused']);
  assert.equal((await fetch(new URL('/workers/planted', node.url))).status, 404);
  assert.deepEqual((await expectJson(await other.fetch('/api/workers'))).workers, []);
  await puter.workers.delete('grasping');
});

test('its owner reads what a worker wrote, and nobody else', async () => {
  verifies('compute.workers.router');
  assert.deepEqual([(await call('/fail')).status, await (await call('/fail')).text()], [500, 'The worker failed.\n']);
  const { calls } = await expectJson(await owner.fetch('/api/workers/greeter/logs'));
  assert.match(calls[0].text, /^about to fail\nUncaught: Error: on purpose\n/);
  assert.equal((await other.fetch('/api/workers/greeter/logs')).status, 404);
  const { workers } = await expectJson(await owner.fetch('/api/workers'));
  assert.deepEqual(
    workers.map(({ name }: { name: string }) => name),
    ['greeter'],
  );
});

test('a worker is its file as it is now, and ends with it', async () => {
  verifies('compute.workers.sdk');
  await puter.fs.write('greeter.js', `router.get('*', () => 'changed')`);
  assert.equal(await (await call('/anything')).text(), 'changed');
  await puter.fs.write('greeter.js', `router.get('*', () => { for (;;); })`);
  const stuck = await call('/');
  assert.equal(stuck.status, 504);
  await puter.fs.delete('greeter.js');
  assert.equal((await call('/text')).status, 404);
});
