import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { verifies } from '../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let root: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  const other = await node.payer();
  await expectJson(await owner.fetch('/api/accounts', { method: 'POST', json: { address: other.address, role: 'member' } }));
  member = await node.signIn(other);
  root = (await expectJson(await owner.fetch('/api/drive/root'))).id;
});
after(() => node.end());

type Heard = { name: string; payload: Record<string, unknown> };
type Ear = {
  socket: Socket;
  heard: Heard[];
  next: (name: string, about?: string) => Promise<Record<string, unknown>>;
  names: () => string[];
};

/** A stock client that has connected, and all that it hears. */
async function listen(context: TestContext, token: string, options: Record<string, unknown> = {}): Promise<Ear> {
  const socket = io(node.url, {
    auth: { auth_token: token },
    transports: ['websocket', 'polling'],
    reconnection: false,
    forceNew: true,
    ...options,
  });
  context.after(() => socket.disconnect());
  const heard: Heard[] = [];
  socket.onAny((name: string, payload: Record<string, unknown>) => heard.push({ name, payload }));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    socket,
    heard,
    names: () => heard.map(({ name }) => name),
    async next(name, about) {
      for (let tries = 0; tries < 200; tries++) {
        const index = heard.findIndex(
          (each) => each.name === name && (about === undefined || each.payload['name'] === about || each.payload['uid'] === about),
        );
        const [found] = index === -1 ? [] : heard.splice(index, 1);
        if (found) return found.payload;
        await wait(10);
      }
      throw new Error(
        `Never heard ${name}; heard ${heard
          .slice(-20)
          .map((each) => each.name)
          .join(', ')}`,
      );
    },
  };
}

const upload = async (name: string, parent = root, who = owner) =>
  expectJson(
    await who.fetch(`/api/drive/files?parent=${parent}&name=${name}&onConflict=replace`, {
      method: 'PUT',
      body: `content of ${name} ${Math.random()}`,
    }),
  );
const folder = async (name: string, parent = root) =>
  expectJson(await owner.fetch('/api/drive/folders', { method: 'POST', json: { parent, name } }));
const patch = (id: string, json: unknown) => owner.fetch(`/api/drive/entries/${id}`, { method: 'PATCH', json }).then(expectJson);
const uidOf = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const puter = async (path: string, json: unknown, token = owner.token) =>
  expectJson(
    await fetch(new URL(path, node.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    }),
  );
const letIn = (origin: string): Promise<{ token: string; app_uid: string }> => puter('/auth/get-user-app-token', { origin });

test('a person hears what happens in its drive, in Puter’s events', async (context) => {
  verifies('drive.sockets.events');
  for (const transports of [['websocket'], ['polling']]) {
    const ear = await listen(context, owner.token, { transports });
    const file = await upload('one.txt');
    const added = await ear.next('item.added', 'one.txt');
    assert.equal(added['uid'], uidOf(file.id));
    assert.equal(added['path'], `/${owner.address}/one.txt`);
    assert.equal(added['dirpath'], `/${owner.address}`);
    assert.equal(added['is_dir'], false);
    assert.equal(added['from_new_service'], true);
    assert.equal(typeof added['modified'], 'number');
    assert.equal(typeof (await ear.next('cache.updated'))['timestamp'], 'number');
    await upload('one.txt');
    assert.equal((await ear.next('item.updated', 'one.txt'))['uid'], uidOf(file.id));
    await patch(file.id, { name: 'two.txt' });
    assert.equal((await ear.next('item.renamed'))['path'], `/${owner.address}/two.txt`);
    assert.equal((await ear.next('item.updated', 'two.txt'))['uid'], uidOf(file.id));
    const inner = await folder('inner');
    await patch(file.id, { parent: inner.id });
    const moved = await ear.next('item.moved');
    assert.deepEqual([moved['path'], moved['old_path']], [`/${owner.address}/inner/two.txt`, `/${owner.address}/two.txt`]);
    await owner.fetch(`/api/drive/entries/${inner.id}`, { method: 'DELETE' });
    const trashed = await ear.next('item.moved', uidOf(inner.id));
    assert.deepEqual([trashed['path'], trashed['old_path']], [`/${owner.address}/Trash/${uidOf(inner.id)}`, `/${owner.address}/inner`]);
    assert.deepEqual(await ear.next('trash.is_empty'), { is_empty: false });
    await owner.fetch('/api/drive/trash', { method: 'DELETE' });
    assert.equal((await ear.next('item.removed'))['uid'], uidOf(inner.id));
    assert.deepEqual(await ear.next('trash.is_empty'), { is_empty: true });
    ear.socket.disconnect();
  }
});

test('an event names the client that caused it, and where the item was', async (context) => {
  verifies('drive.sockets.causes');
  const ear = await listen(context, owner.token);
  const home = `/${owner.address}`;
  const cause = { original_client_socket_id: 'client-1', operation_id: 'operation-1' };
  const heardFrom = (payload: Record<string, unknown>) => [payload['original_client_socket_id'], payload['operation_id']];
  await puter('/mkdir', { parent: home, path: 'caused', ...cause });
  assert.deepEqual(heardFrom(await ear.next('item.added', 'caused')), ['client-1', 'operation-1']);
  assert.equal((await ear.next('cache.updated'))['original_client_socket_id'], 'client-1');
  await puter('/mkdir', { parent: `${home}/caused`, path: 'below' });
  assert.deepEqual(heardFrom(await ear.next('item.added', 'below')), [undefined, undefined]);
  await puter('/move', { source: `${home}/caused/below`, destination: home, new_name: 'above', ...cause });
  const moved = await ear.next('item.moved', 'above');
  assert.deepEqual([moved['old_path'], ...heardFrom(moved)], [`${home}/caused/below`, 'client-1', 'operation-1']);
  await puter('/copy', { source: `${home}/above`, destination: home, new_name: 'copied', ...cause });
  assert.deepEqual(heardFrom(await ear.next('item.added', 'copied')), ['client-1', 'operation-1']);
  await puter('/delete', { paths: [`${home}/above`], recursive: true, ...cause });
  const removed = await ear.next('item.removed');
  assert.deepEqual([removed['path'], ...heardFrom(removed)], [`${home}/above`, 'client-1', 'operation-1']);
});

test('one account never hears of another', async (context) => {
  verifies('drive.sockets.isolation');
  const mine = await listen(context, owner.token);
  const theirs = await listen(context, member.token);
  await upload('secret.txt');
  await mine.next('item.added', 'secret.txt');
  await wait(100);
  assert.deepEqual(theirs.names(), []);
});

test('an app hears of what it can see, and of nothing else', async (context) => {
  verifies('drive.sockets.isolation');
  const { token, app_uid } = await letIn('https://ear.example');
  const given = await folder('given');
  const hidden = await folder('hidden');
  await puter('/auth/grant-user-app', { app_uid, permission: `fs:${uidOf(given.id)}:read` });
  const person = await listen(context, owner.token);
  const app = await listen(context, token);

  await upload('inside.txt', given.id);
  await app.next('item.added', 'inside.txt');
  await app.next('cache.updated');
  const file = await upload('outside.txt', hidden.id);
  await person.next('item.added', 'outside.txt');
  await patch(file.id, { name: 'renamed.txt' });
  await person.next('item.renamed');
  await owner.fetch(`/api/drive/entries/${file.id}`, { method: 'DELETE' });
  await person.next('trash.is_empty');
  await owner.fetch(`/api/drive/trash/${file.id}/restore`, { method: 'POST' });
  await person.next('item.moved', 'renamed.txt');
  await wait(50);
  assert.deepEqual(app.heard, [], 'nothing of what it cannot see, not even that something happened');

  await patch(file.id, { parent: given.id });
  const came = await app.next('item.added', 'renamed.txt');
  assert.equal(came['old_path'], undefined, 'not where it came from');
  await patch(file.id, { parent: hidden.id });
  const left = await app.next('item.removed');
  assert.deepEqual([left['uid'], left['path']], [uidOf(file.id), `/${owner.address}/given/renamed.txt`], 'and not where it went');
  assert.ok(!JSON.stringify(app.heard).includes('hidden'));

  await puter('/auth/revoke-user-app', { app_uid, permission: `fs:${uidOf(given.id)}:read` });
  await wait(3500);
  app.heard.length = 0;
  await upload('later.txt', given.id);
  await person.next('item.added', 'later.txt');
  await wait(100);
  assert.ok(!app.names().includes('item.added'), 'what was taken away is heard no more');
});

test('a session that has ended, a token that was revoked: the connection ends within seconds', async (context) => {
  verifies('drive.sockets.ended');
  const other = await node.signIn(owner.account);
  const made = await puter('/auth/get-user-app-token', { origin: 'https://gone.example' }, other.token);
  const kept = await letIn('https://kept.example');
  const ears = await Promise.all([other.token, made.token, kept.token].map((token) => listen(context, token)));
  await expectJson(
    await fetch(new URL('/logout', node.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${other.token}`, 'content-type': 'application/json' },
      body: '{}',
    }),
  );
  const started = Date.now();
  while (ears[0]?.socket.connected || ears[1]?.socket.connected) {
    assert.ok(Date.now() - started < 8000);
    await wait(50);
  }
  assert.ok(ears[2]?.socket.connected, 'others stay');
});

test('strangers are refused: no token, a bad one, a cookie, an access token, an app password', async (context) => {
  verifies('drive.sockets.strangers');
  const { token: access } = await puter('/auth/create-access-token', { permissions: [`fs:/${owner.address}:read`] });
  const { password } = await expectJson(await owner.fetch('/api/app-passwords', { method: 'POST', json: { label: 'x', access: 'read' } }));
  for (const auth of [
    {},
    { auth_token: '' },
    { auth_token: 'fs_none' },
    { auth_token: 7 },
    { auth_token: access },
    { auth_token: password },
  ]) {
    await assert.rejects(
      listen(context, '', { auth, extraHeaders: { cookie: `freehold_session=${owner.token}`, authorization: `Bearer ${owner.token}` } }),
      /token has ended/,
      JSON.stringify(auth),
    );
  }
  const status = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(node.url);
      const query = httpRequest({ host: '127.0.0.1', port, path: '/socket.io/?EIO=4&transport=polling', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      query.on('error', reject).end();
    });
  assert.equal(await status('evil.example'), 403, 'a foreign name is a rebound page');
  assert.equal(await status(new URL(node.url).host), 200);
});

test('a page of another origin may connect with a token', async (context) => {
  verifies('drive.sockets.strangers');
  const ear = await listen(context, owner.token, { transports: ['polling'], extraHeaders: { origin: 'https://app.example' } });
  assert.ok(ear.socket.connected);
  const answer = await fetch(new URL('/socket.io/?EIO=4&transport=polling', node.url), { headers: { origin: 'https://app.example' } });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example');
});

test('it shares the server with /api/events and refuses other upgrades', async () => {
  verifies('drive.sockets.events');
  const url = node.url.replace('http', 'ws');
  const events = new WebSocket(`${url}/api/events`, { headers: { authorization: `Bearer ${owner.token}` } });
  const [hello] = await new Promise<Buffer[]>((resolve, reject) =>
    events.once('message', (data: Buffer) => resolve([data])).once('error', reject),
  );
  assert.equal(JSON.parse(String(hello)).type, 'hello');
  events.close();
  await assert.rejects(new Promise((_, reject) => new WebSocket(`${url}/other`).once('error', reject)), /404/);
});

test('a client that does not read is cut off before it fills the memory', async (context) => {
  verifies('drive.sockets.backlog');
  const person = await listen(context, owner.token);
  // Without the stock client, which always reads: Engine.io and Socket.io by hand, and then silence.
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.send(`40${JSON.stringify({ auth_token: owner.token })}`);
  await new Promise((resolve) => socket.once('message', resolve));
  socket.pause();
  // Deep below long names, so that every event is long.
  let parent = root;
  for (let depth = 0; depth < 12; depth++) parent = (await folder(`${'x'.repeat(230)}${depth}`, parent)).id;
  const file = await upload('flood.txt', parent);
  for (let round = 0; round < 9; round++)
    await Promise.all(Array.from({ length: 100 }, (_, index) => patch(file.id, { name: `${'x'.repeat(200)}${round}.${index}.txt` })));
  await person.next('item.renamed');
  let bytes = 0;
  socket.on('message', (data: Buffer) => {
    bytes += data.length;
  });
  socket.resume();
  await Promise.race([closed, wait(10_000).then(() => assert.fail('the connection was not ended'))]);
  assert.ok(bytes < 14 * 1024 * 1024, `${bytes} bytes were kept for it`);
  assert.ok(person.socket.connected, 'one that reads stays');
});
