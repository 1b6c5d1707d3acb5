import assert from 'node:assert/strict';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { test, type TestContext } from 'node:test';
import { openInputReader } from './body.ts';

/** A server that reads bodies with the reader and answers the length, or the code of the refusal. */
async function serve(t: TestContext, { totalBytes, hold = Promise.resolve() }: { totalBytes: number; hold?: Promise<void> }) {
  const reader = openInputReader({ directory: tmpdir(), memoryBytes: totalBytes, diskBytes: 0 });
  const read = (message: IncomingMessage) =>
    reader.with(message, { limit: 1000 }, async (input) => {
      await hold;
      return String(input.size);
    });
  const server = createServer(
    (message, response) =>
      void read(message).then(
        (answer) => response.end(answer),
        (error: { code: string }) => response.end(error.code),
      ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return (body: string, headers: Record<string, string> = {}) =>
    new Promise<string>((resolve, reject) => {
      const outgoing = request({ port, host: '127.0.0.1', method: 'POST', headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
      });
      outgoing.on('error', reject).end(body);
    });
}

test('input is read up to the limit of the offer, whether or not its length is announced', async (t) => {
  const send = await serve(t, { totalBytes: 10_000 });
  assert.equal(await send('x'.repeat(1000)), '1000');
  assert.equal(await send('x'.repeat(1001)), 'input_too_large');
  assert.equal(await send('x'.repeat(1001), { 'transfer-encoding': 'chunked' }), 'input_too_large');
});

test('all inputs together are bounded, and what was held is given back', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const send = await serve(t, { totalBytes: 1500, hold: promise });
  const first = send('x'.repeat(1000));
  await new Promise((tick) => setTimeout(tick, 50));
  assert.equal(await send('x'.repeat(1000)), 'too_many_requests');
  resolve();
  assert.equal(await first, '1000');
  assert.equal(await send('x'.repeat(1000)), '1000');
});
