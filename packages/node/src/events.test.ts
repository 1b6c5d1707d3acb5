import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serverEvent, type ServerEvent } from '@freehold/protocol';
import { WebSocket } from 'ws';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;
let root: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  root = (await expectJson(await owner.fetch('/api/drive/root'))).id;
});
after(() => node.end());

const upload = async (name: string, person = owner, parent = root) =>
  expectJson(await person.fetch(`/api/drive/files?parent=${parent}&name=${name}`, { method: 'PUT', body: name }));

/** A client that keeps what it hears. */
function listen(person: Person | undefined, { since, headers = {} }: { since?: number; headers?: Record<string, string> } = {}) {
  const url = new URL(`/api/events${since === undefined ? '' : `?since=${since}`}`, node.url.replace('http', 'ws'));
  const socket = new WebSocket(url, { headers: { ...(person && { authorization: `Bearer ${person.token}` }), ...headers } });
  const heard: ServerEvent[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    heard.push(serverEvent.parse(JSON.parse((data as Buffer).toString())));
    wake();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const refused = new Promise<number>((resolve) =>
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)),
  );
  socket.on('error', () => {});
  return {
    heard,
    refused,
    /** The first event of which this is true, heard already or still to come. */
    async until(test: (event: ServerEvent) => boolean): Promise<ServerEvent> {
      for (;;) {
        const found = heard.find(test);
        if (found) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      socket.close();
      await closed;
    },
  };
}

test('a change is heard in the other windows of the account, and a client that comes back misses none', async () => {
  verifies('foundation.drive.events');
  const client = listen(owner);
  const hello = await client.until(({ type }) => type === 'hello');
  assert.ok(hello.type === 'hello');
  const file = await upload('heard.txt');
  const event = await client.until((event) => event.type === 'drive' && event.id === file.id);
  assert.ok(event.type === 'drive' && event.change === 'created' && event.parent === root);
  await client.close();

  const missed = [await upload('missed-1.txt'), await upload('missed-2.txt')];
  await expectJson(await owner.fetch(`/api/drive/entries/${file.id}`, { method: 'DELETE' }));
  const again = listen(owner, { since: event.seq });
  await again.until((event) => event.type === 'drive' && event.change === 'trashed');
  const changes = again.heard.flatMap((event) => (event.type === 'drive' ? [[event.seq, event.change, event.id]] : []));
  assert.deepEqual(changes, [
    [event.seq + 1, 'created', missed[0].id],
    [event.seq + 2, 'created', missed[1].id],
    [event.seq + 3, 'trashed', file.id],
  ]);
  await again.close();
});

test('one account never hears of the files of another; offers and sales are heard', async () => {
  const member = await node.letIn(owner, 'member');
  const [mine, theirs] = [listen(owner), listen(member)];
  await Promise.all([mine, theirs].map((client) => client.until(({ type }) => type === 'hello')));
  await upload('private.txt');
  const offer = await sell(node, owner, { program: arithmetic, name: 'free', amount: '0' });
  await theirs.until(({ type }) => type === 'offers');
  assert.equal((await fetch(`${offer.url}/add?a=1&b=2`)).status, 200);
  const sale = await mine.until(({ type }) => type === 'sale');
  assert.ok(sale.type === 'sale' && sale.offer === offer.id && sale.amount === '0');
  assert.deepEqual(
    theirs.heard.filter(({ type }) => type === 'drive' || type === 'sale'),
    [],
  );
  await Promise.all([mine.close(), theirs.close()]);
});

test('strangers and pages of other sites hear nothing', async () => {
  assert.equal(await listen(undefined).refused, 401);
  assert.equal(await listen(owner, { headers: { origin: 'https://evil.example' } }).refused, 403);
  assert.equal(await listen(owner, { headers: { host: 'evil.example' } }).refused, 400);
});

test('a seller hears of each batch run of his functions when it waits, runs and ends, and nobody else does', async () => {
  verifies('compute.task.events');
  const [seller, other] = [await node.letIn(owner, 'member'), await node.letIn(owner, 'member')];
  const [own, foreign] = [listen(seller), listen(other)];
  await sell(node, seller, { program: arithmetic, name: 'watched', interface: 'batch', open: { args: true }, amount: '0' });
  const run = async (seconds: number) =>
    expectJson(
      await fetch(`${node.url}/api/offers/watched/run?seconds=${seconds}`, {
        method: 'POST',
        body: JSON.stringify({ args: ['add', '1', '2'] }),
      }),
    );
  const { task } = await run(1);
  await own.until((event) => event.type === 'task' && event.task === task && event.state === 'ended');
  const states = own.heard.flatMap((event) => (event.type === 'task' && event.task === task ? [event.state] : []));
  assert.deepEqual(states, ['waiting', 'running', 'ended']);
  await own.until((event) => event.type === 'tasks' && event.ended === 1);
  assert.ok(!foreign.heard.some((event) => event.type === 'task' || event.type === 'tasks'));
  await Promise.all([own.close(), foreign.close()]);
});
