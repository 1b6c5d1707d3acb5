import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { verifies } from '../../../../requirements/verifies.ts';
import { pdfOf, photograph, pngSaying } from '../testing/files.ts';
import { readerArguments } from './arguments.ts';
import type { Request } from './frame.ts';
import { openReader, ReadFailure, type ReaderOptions } from './reader.ts';

const { signal } = new AbortController();
const testing = (name: string) => fileURLToPath(new URL(`../testing/${name}`, import.meta.url));
const wordsOf = (words: Uint8Array | undefined) => (words ? inflateSync(words).toString().split(' ') : []);

async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function open(t: TestContext, options: Partial<ReaderOptions> = {}) {
  const reader = openReader({ log: () => {}, ...options });
  t.after(() => reader.stop());
  const read = (bytes: Uint8Array, { mediaType = '', complete = true, task = 'derive' }: Partial<Request> = {}) =>
    reader.read({ task, mediaType, length: bytes.length, complete }, inPieces(bytes), { signal });
  return { reader, read };
}
const failsFinally = (error: unknown) => error instanceof ReadFailure && error.final;
const endedBecause = (pattern: RegExp) => (error: unknown) => error instanceof ReadFailure && !error.final && pattern.test(error.message);

test('the process that reads files has no files, network, programs, code from texts, or environment', async (t) => {
  verifies('drive.derive.hostile');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-reader-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const secret = join(directory, 'secret');
  writeFileSync(secret, 'x');
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [...readerArguments(testing('reader-probe-child.ts')), secret, String(port)], {
    env: {},
    stdio: 'pipe',
  });
  let out = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await once(child, 'close');
  server.close();
  const { result, environment } = JSON.parse(out || assert.fail(complaint)) as { result: Record<string, string>; environment: string[] };
  const { 'read its own code': control, ...attempts } = result;
  assert.equal(control, 'ALLOWED', 'the probe can see that something is allowed');
  assert.ok(Object.keys(attempts).length > 20);
  assert.deepEqual(
    Object.entries(attempts).filter(([, answer]) => answer === 'ALLOWED'),
    [],
  );
  assert.equal(existsSync(`${secret}.new`), false);
  assert.equal(connections.length, 0);
  assert.deepEqual(environment, []);
});

test('files that attack their reader give nothing, or an error that is told once; the next file is read', async (t) => {
  verifies('drive.derive.hostile');
  const { read } = open(t);
  const jpeg = await photograph();
  const cut = jpeg.subarray(0, 400);
  await assert.rejects(
    read(pngSaying({ width: 60_000, height: 60_000, rows: 10 })),
    failsFinally,
    'more pixels than there are cameras for',
  );
  await assert.rejects(read(pngSaying({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 })), failsFinally);
  await assert.rejects(read(pngSaying({ width: 0, height: 0 })), failsFinally);
  await assert.rejects(read(pngSaying({ width: 9000, height: 9000, rows: 3 })), failsFinally, 'far less data than pixels');
  await assert.rejects(read(cut), failsFinally);
  await assert.rejects(read(Buffer.from('GIF89a/*')), failsFinally);
  await assert.rejects(read(Buffer.concat([Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8X', 'latin1'), randomBytes(5000)])), failsFinally);
  await assert.rejects(read(Buffer.concat([Buffer.from('II*\0', 'latin1'), Buffer.alloc(5000, 0xff)])), failsFinally);
  await assert.rejects(read(Buffer.from('%PDF-1.7\n%%EOF')), failsFinally);
  // A thing of two kinds is what its first bytes say; drawings that are programs are text, and make no picture.
  const both = await read(Buffer.concat([jpeg, Buffer.from('<script>alert(1)</script>')]), { mediaType: 'text/html' });
  assert.ok(both.picture);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/><script>x()</script><text>drawn words</text></svg>';
  const drawing = await read(Buffer.from(svg), { mediaType: 'image/svg+xml' });
  assert.equal(drawing.picture, undefined);
  assert.deepEqual(wordsOf(drawing.words), ['drawn', 'words']);
  await assert.rejects(read(Buffer.from(svg), { task: 'picture', mediaType: 'image/png' }), failsFinally);
  await assert.rejects(read(pdfOf(['x']), { task: 'picture', mediaType: 'image/png' }), failsFinally);
  // Bytes that are no text, however they are called.
  assert.deepEqual(wordsOf((await read(randomBytes(100_000), { mediaType: 'text/plain' })).words), []);
  for (const mediaType of ['text/html', 'text/plain']) await read(Buffer.from('<'.repeat(1 << 20)), { mediaType });
  await read(Buffer.from('<script '.repeat(1 << 17)), { mediaType: 'text/html' });
  assert.equal(
    wordsOf((await read(Buffer.from(Array.from({ length: 200_000 }, (_, index) => index.toString(36)).join(' ')))).words).length,
    10_000,
  );
  assert.deepEqual(wordsOf((await read(Buffer.from('a'.repeat(1 << 20)))).words), ['a'.repeat(40)]);
  const photo = await read(jpeg);
  assert.equal(photo.facts?.camera, 'Canon EOS R5');
});

test('PDF files that would go on for ever end', async (t) => {
  verifies('drive.derive.hostile');
  const { read } = open(t, { patience: 15_000 });
  const page = '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</A 4 0 R>>>>>>endobj';
  const form =
    '4 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 4 0 R>>>>/Length 6>>stream\n/A Do \nendstream endobj';
  for (const body of [
    '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 999999999>>endobj',
    `1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n${page}\n${form}`,
    `1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[${'3 0 R '.repeat(50_000)}]/Count 2147483647>>endobj\n${page}\n${form}`,
    `1 0 obj ${'['.repeat(200_000)} endobj`,
  ])
    await read(Buffer.from(`%PDF-1.4\n${body}\ntrailer<</Root 1 0 R/Prev 0>>\n`)).catch((error: unknown) =>
      assert.ok(error instanceof ReadFailure, String(error)),
    );
  assert.deepEqual(wordsOf((await read(pdfOf(['still here']))).words), ['still', 'here']);
});

test('a process that hangs, dies, takes all memory or lies is ended, and the next file is read by another', async (t) => {
  verifies('drive.derive.hostile');
  const { reader, read } = open(t, { script: testing('bad-reader-child.ts'), patience: 1500, residentLimit: 400 << 20 });
  const as = (mediaType: string) => read(Buffer.from('x'.repeat(100_000)), { mediaType });
  const pids = new Set<number | undefined>();
  for (const [mediaType, reason] of [
    ['die', /it ended with 3/],
    ['hang', /longer than 1.5 s/],
    ['memory', /more than 400 MiB/],
    ['nonsense', /cannot have meant/],
    ['huge', /cannot have meant/],
    ['html', /cannot have meant/],
    ['facts', /cannot have meant/],
  ] as const) {
    await assert.rejects(as(mediaType), endedBecause(reason), mediaType);
    assert.deepEqual((await as('well')).facts, { width: 1 });
    pids.add(reader.pid());
  }
  assert.equal(pids.size, 7);
});

test('killed in the middle of a file it fails that file alone; an abort ends it at once', async (t) => {
  verifies('drive.derive.queue');
  const { reader, read } = open(t);
  async function* slowly() {
    for (let piece = 0; piece < 100; piece++) {
      yield Buffer.alloc(1000, 'x ');
      await sleep(20);
    }
  }
  const first = reader.read({ task: 'derive', mediaType: '', length: 100_000, complete: true }, slowly(), { signal });
  while (reader.pid() === undefined) await sleep(5);
  await sleep(100);
  process.kill(reader.pid() ?? assert.fail(), 'SIGKILL');
  await assert.rejects(first, endedBecause(/SIGKILL/));
  assert.deepEqual(wordsOf((await read(Buffer.from('going on'))).words), ['going', 'on']);
  const controller = new AbortController();
  const second = reader.read({ task: 'derive', mediaType: '', length: 100_000, complete: true }, slowly(), { signal: controller.signal });
  await sleep(50);
  const begun = performance.now();
  controller.abort();
  await assert.rejects(second);
  assert.ok(performance.now() - begun < 1000);
});

test(
  'the system ends it when it computes for too long, whether or not the node is there to see',
  { skip: process.platform === 'win32' },
  async (t) => {
    verifies('drive.derive.hostile');
    const { read } = open(t, { script: testing('bad-reader-child.ts'), patience: 60_000, cpuSeconds: 1 });
    await assert.rejects(read(Buffer.from('x'), { mediaType: 'hang' }), endedBecause(/SIGKILL|SIGXCPU/));
  },
);

test('it ends when it has nothing to do', async (t) => {
  const { reader, read } = open(t, { idle: 50 });
  await read(Buffer.from('x'));
  const pid = reader.pid() ?? assert.fail();
  for (let turn = 0; turn < 200 && isAlive(pid); turn++) await sleep(10);
  assert.equal(isAlive(pid), false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
