import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws';
import { createEvents, type LiveEvent } from './events.ts';

test('after a break the events are asked for from the last one that was seen, and a lost history is told', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ server });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connections: { path: string; socket: ServerSocket }[] = [];
  const heard: LiveEvent[] = [];
  let lost = 0;
  const events = createEvents({ open: (path) => new WebSocket(`ws://127.0.0.1:${port}${path}`), random: () => 0, onLost: () => lost++ });
  t.after(() => {
    events.stop();
    sockets.close();
    server.close();
  });
  const connection = async () => {
    const [socket, request]: [ServerSocket, { url: string }] = (await once(sockets, 'connection')) as never;
    connections.push({ path: request.url, socket });
    return socket;
  };
  const heardAll = async (count: number) => {
    while (heard.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const drive = (seq: number) => ({ type: 'drive', seq, change: 'created', id: `e${seq}`, parent: 'root' });

  events.subscribe((event) => heard.push(event));
  let next = connection();
  events.start();
  const first = await next;
  for (const event of [{ type: 'hello', seq: 4 }, drive(5), { type: 'from the future' }, drive(6)]) first.send(JSON.stringify(event));
  await heardAll(2);

  next = connection();
  first.terminate();
  const second = await next;
  for (const event of [{ type: 'hello', seq: 6 }, drive(7), { type: 'hello', seq: 40 }]) second.send(JSON.stringify(event));
  await heardAll(5);

  assert.deepEqual(
    connections.map(({ path }) => path),
    ['/api/events', '/api/events?since=6'],
  );
  assert.equal(lost, 1);
  assert.deepEqual(heard, [drive(5), drive(6), { type: 'resumed', gap: false }, drive(7), { type: 'resumed', gap: true }]);
});
