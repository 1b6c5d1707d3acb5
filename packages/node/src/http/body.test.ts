import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, IncomingMessage, request } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
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

test('large inputs wait in files, bounded in all; nothing is left of them', async (t) => {
  verifies('compute.cgi.input');
  const directory = await mkdtemp(join(tmpdir(), 'freehold-inputs-'));
  t.after(() => rm(directory, { recursive: true }));
  const reader = openInputReader({ directory, memoryBytes: 3_000_000, diskBytes: 5_000_000 });
  const bytes = Buffer.alloc(2_500_000, 'an input that is larger than what is kept in memory ');
  const before = Buffer.from('before ');
  const read = (given: Buffer) =>
    reader.with(incomingOf(given), { limit: 3_000_000, before }, async (input) => {
      assert.deepEqual(await readdir(directory), []);
      const parts = [input.read(), input.read()];
      const [one, two] = await Promise.all(
        parts.map(async (part) => (part instanceof Uint8Array ? part : Buffer.concat(await Array.fromAsync(part)))),
      );
      assert.ok(one && two?.equals(one));
      assert.equal(one.length, input.size);
      assert.equal(Buffer.from(input.sha256).toString('hex'), createHash('sha256').update(one).digest('hex'));
      return one;
    });
  assert.ok((await read(bytes)).equals(Buffer.concat([before, bytes])));
  assert.equal((await read(Buffer.from('small'))).toString(), 'before small');
  // Two at a time are too many; one after the other they are not.
  const both = await Promise.allSettled([read(bytes), read(bytes)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  await read(bytes);
});

test('an input that is held stays readable when who read it has let go', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-inputs-'));
  t.after(() => rm(directory, { recursive: true }));
  const reader = openInputReader({ directory, memoryBytes: 0, diskBytes: 5_000_000 });
  const bytes = Buffer.alloc(2_000_000, 'held ');
  const [input, letGo] = await reader.with(incomingOf(bytes), { limit: 3_000_000 }, async (given) => [given, given.hold()] as const);
  const content = input.read();
  assert.ok(!(content instanceof Uint8Array));
  assert.ok(Buffer.concat(await Array.fromAsync(content)).equals(bytes));
  letGo();
  await assert.rejects(Array.fromAsync(input.read() as AsyncIterable<Uint8Array>));
});

/** A request with this body, as the reader sees it. */
function incomingOf(bytes: Buffer): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.headers = { 'content-length': String(bytes.length) };
  for (let at = 0; at < bytes.length; at += 65_536) message.push(bytes.subarray(at, at + 65_536));
  message.push(null);
  return message;
}
