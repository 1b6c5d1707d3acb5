import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { keyStream } from '../testing/key-stream.ts';
import { openTestBucket } from '../testing/test-bucket.ts';
import { openBucket } from './s3.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-s3-test-'));
const endpoint = await openTestBucket();
const bucket = openBucket(endpoint.options);
after(async () => {
  await endpoint.close();
  rmSync(directory, { recursive: true, force: true });
});

async function fileOf(size: number): Promise<{ path: string; size: number; bytes: Buffer }> {
  const path = join(directory, `${size}`);
  const bytes = Buffer.concat(await Array.fromAsync(keyStream('s3', size)));
  writeFileSync(path, bytes);
  return { path, size, bytes };
}

async function read(key: string, start: number, length: number): Promise<Buffer> {
  const found = await bucket.read(key, { start, length });
  assert(found);
  return Buffer.concat((await found.stream.toArray()) as Buffer[]);
}

test('a small and a large upload come back whole and in ranges', async () => {
  for (const size of [70_000, 13_000_001]) {
    const { bytes, ...file } = await fileOf(size);
    await bucket.put(`ab/${size}`, file);
    assert.equal(await bucket.size(`ab/${size}`), size);
    assert.ok((await read(`ab/${size}`, 0, size)).equals(bytes));
    assert.ok((await read(`ab/${size}`, size - 60_000, 50_000)).equals(bytes.subarray(size - 60_000, size - 10_000)));
    await bucket.remove(`ab/${size}`);
    await bucket.remove(`ab/${size}`);
    assert.equal(await bucket.size(`ab/${size}`), undefined);
  }
  assert.equal(await bucket.read('ab/nothing', { start: 0, length: 5 }), undefined);
});

test('an endpoint that is unwell is asked again; one that breaks off an answer is asked for the rest', async () => {
  const { bytes, ...file } = await fileOf(3_000_000);
  let requests = 0;
  endpoint.intercept((_, response) => {
    if (requests++ % 2 === 1) return false;
    response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    return true;
  });
  await bucket.put('cd/slow', file);
  let reads = 0;
  endpoint.intercept((request, response) => {
    if (request.method !== 'GET' || reads++ > 0) return false;
    response.writeHead(206, { 'content-length': file.size });
    response.write(bytes.subarray(0, 1_000_000), () => response.destroy());
    return true;
  });
  assert.ok((await read('cd/slow', 0, file.size)).equals(bytes));
  assert.ok(reads >= 2);
  endpoint.intercept(undefined);
});

test('a reader that stops reading ends the request', async () => {
  const { bytes: _, ...file } = await fileOf(6_000_000);
  await bucket.put('cd/large', file);
  const closed = Promise.withResolvers<void>();
  endpoint.intercept((_, response) => {
    response.on('close', () => closed.resolve());
    return false;
  });
  const found = await bucket.read('cd/large', { start: 0, length: file.size });
  assert.equal(found?.size, file.size);
  for await (const chunk of found.stream) {
    assert.ok(chunk);
    break;
  }
  await closed.promise;
  endpoint.intercept(undefined);
});

test('a refusal says where and why, and never holds a key or a signature', async () => {
  const secretAccessKey = 'the-secret-of-the-owner';
  const wrong = openBucket({ ...endpoint.options, accessKeyId: 'unknown-key', secretAccessKey });
  const { path, size } = await fileOf(70_000);
  const error = await wrong.put('x', { path, size }).then(
    () => assert.fail('it must be refused'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof Error);
  assert.match(
    error.message,
    /the bucket cloud at 127\.0\.0\.1:\d+, below freehold\/blobs\) failed to take an upload: it answered 403 \(InvalidAccessKeyId\)/,
  );
  const told = inspect(error, { depth: 10, showHidden: true });
  assert.doesNotMatch(told, /the-secret|Signature|unknown-key/);
  await assert.rejects(openBucket({ ...endpoint.options, bucket: 'nothing' }).check(), {
    message: /there is no such bucket \(NoSuchBucket\)/,
  });
  await assert.rejects(openBucket({ ...endpoint.options, endpoint: 'http://127.0.0.1:9', attempts: 2 }).check(), {
    message: /does not answer/,
  });
});

test('an upload of which other bytes arrived is refused, also by an endpoint that does not check', async () => {
  const { path, size } = await fileOf(80_000);
  endpoint.intercept((request, response) => {
    if (request.method !== 'PUT') return false;
    request.resume().on('end', () => response.writeHead(200, { etag: '"0123456789abcdef0123456789abcdef"' }).end());
    return true;
  });
  await assert.rejects(bucket.put('ef/damaged', { path, size }), { code: 'storage_failed', message: /other bytes arrived/ });
  endpoint.intercept(undefined);
});
