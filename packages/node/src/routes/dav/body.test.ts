import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { hasBody, readFile, readSmall } from './body.ts';

/** A real request whose sender writes the pieces, a moment apart, and then says nothing more. */
async function slowRequest(t: TestContext, pieces: readonly string[]): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => {
    socket.destroy();
    server.close();
  });
  socket.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
  const arrived = once(server, 'request');
  pieces.forEach((piece, index) => setTimeout(() => socket.write(piece), 30 * (index + 1)));
  const [request] = await arrived;
  assert.ok(hasBody(request));
  return request;
}

test('a body that stops coming is given up, from the start and in the middle', async (t) => {
  verifies('drive.webdav.hostile');
  const stopped = { code: 'invalid_request', status: 408 };
  await assert.rejects(readSmall(await slowRequest(t, []), 100), stopped);
  // However steadily it trickles: a small body has to be there in time.
  await assert.rejects(
    readSmall(
      await slowRequest(
        t,
        Array.from({ length: 20 }, () => 'x'),
      ),
      100,
    ),
    stopped,
  );
  for (const pieces of [[], ['a', 'b', 'c']]) {
    const seen: string[] = [];
    const read = async (request: IncomingMessage) => {
      for await (const chunk of readFile(request, 100)) seen.push(chunk.toString());
    };
    await assert.rejects(read(await slowRequest(t, pieces)), stopped);
    assert.deepEqual(seen, pieces);
  }
});

test('a slow disk is no silence of the sender', async (t) => {
  verifies('drive.webdav');
  let length = 0;
  for await (const chunk of readFile(await slowRequest(t, ['a'.repeat(50), 'b'.repeat(50)]), 100)) {
    length += chunk.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  assert.equal(length, 100);
});
