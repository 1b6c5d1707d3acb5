import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { filesBelow } from '../../testing/drive-files.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

const MiB = 1 << 20;
let node: TestNode;
let owner: Person;
let other: Person;
let home: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  home = `/${owner.address}`;
  other = await node.letIn(owner, 'member');
});
after(() => node.end());

const post = (path: string, json: unknown, person = owner) => person.fetch(path, { method: 'POST', json });
const ask = async (path: string, json: unknown, person?: Person) => expectJson(await post(path, json, person));
const item = (path: string, size: number, more: object = {}) => ({
  fileMetadata: { path: `${home}/${path}`, size, contentType: 'application/octet-stream', ...more },
  guiMetadata: { operationId: 'o', itemUploadId: '0' },
});
/** As a browser sends it: without credentials, from another origin. */
const put = (url: string, body: Uint8Array) =>
  fetch(url, {
    method: 'PUT',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { origin: 'https://app.example', 'content-type': 'application/octet-stream' },
  });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
const read = async (path: string) => Buffer.from(await (await owner.fetch(`/read?file=${home}/${path}`)).arrayBuffer());

test('files and folders are begun together, sent without credentials, and completed together', async () => {
  verifies('drive.uploads.signed');
  const small = Buffer.from('small');
  const large = randomBytes(22 * MiB + 5);
  const started = await ask('/fs/startBatchWrite', [
    { fileMetadata: { path: `${home}/up`, size: 0, createMissingParents: true }, directory: true },
    item('up/small.txt', small.length, { contentType: 'text/plain' }),
    item('up/deep/er/large.bin', large.length, { createMissingParents: true }),
    item('up/empty', 0),
  ]);
  assert.deepEqual(
    [started[0].sessionId, started[0].contentType, started[0].fsEntry.isDir, started[0].fsEntry.is_dir],
    ['', 'inode/directory', true, true],
  );
  assert.deepEqual([started[1].uploadMode, started[1].contentType], ['single', 'text/plain']);
  assert.ok(started[1].expiresAt > Date.now() + 3_600_000);
  const { multipartPartUrls, multipartPartSize, multipartPartCount, uploadMode } = started[2];
  assert.deepEqual([uploadMode, multipartPartSize, multipartPartCount, multipartPartUrls.length], ['multipart', 10 * MiB, 3, 3]);

  assert.equal((await put(started[1].url, small)).status, 200);
  assert.equal((await put(started[3].url, new Uint8Array(0))).status, 200);
  const parts = await Promise.all(
    [3, 1, 2].map(async (number) => {
      const response = await put(multipartPartUrls[number - 1].url, large.subarray((number - 1) * 10 * MiB, number * 10 * MiB));
      assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example');
      assert.match(response.headers.get('access-control-expose-headers') ?? '', /ETag/);
      return { partNumber: number, etag: response.headers.get('etag') };
    }),
  );
  const completed = await ask('/fs/completeBatchWrite', [
    { uploadId: started[1].sessionId },
    { uploadId: started[2].sessionId, parts },
    { uploadId: started[3].sessionId },
  ]);
  assert.deepEqual(
    completed.map(({ fsEntry, wasOverwrite }: { fsEntry: { path: string; dirpath: string }; wasOverwrite: boolean }) => [
      fsEntry.path,
      wasOverwrite,
    ]),
    [
      [`${home}/up/small.txt`, false],
      [`${home}/up/deep/er/large.bin`, false],
      [`${home}/up/empty`, false],
    ],
  );
  assert.ok(large.equals(await read('up/deep/er/large.bin')));
  assert.equal((await read('up/small.txt')).toString(), 'small');
  const [again] = await ask('/fs/completeBatchWrite', [{ uploadId: started[1].sessionId }]);
  assert.equal(again.fsEntry.uid, completed[0].fsEntry.uid);
});

test('a taken name is refused at the start, numbered or overwritten', async () => {
  verifies('drive.uploads.signed');
  const write = async (more: object) => {
    const started = await ask('/fs/startWrite', item('t.txt', 1, more));
    await put(started.url, Buffer.from('x'));
    return ask('/fs/completeWrite', { uploadId: started.sessionId });
  };
  const first = await write({});
  assert.deepEqual(await codeOf(await post('/fs/startBatchWrite', [item('fresh', 1), item('t.txt', 1)])), [
    409,
    'item_with_same_name_exists',
  ]);
  assert.equal((await write({ dedupeName: true })).fsEntry.name, 't (1).txt');
  const over = await write({ overwrite: true });
  assert.deepEqual([over.fsEntry.uid, over.wasOverwrite], [first.fsEntry.uid, true]);
  assert.deepEqual(await codeOf(await post('/fs/startWrite', item('nowhere/x', 1))), [400, 'dest_does_not_exist']);
  await ask('/mkdir', { parent: home, path: 'dir' });
  assert.deepEqual(await codeOf(await post('/fs/startWrite', item('dir', 1, { overwrite: true }))), [400, 'cannot_overwrite_a_directory']);
});

test('a URL sends only its own part of its own upload, until it is over', async () => {
  verifies('drive.uploads.signed');
  const started = await ask('/fs/startWrite', item('victim', 3));
  const second = await ask('/fs/startWrite', item('other', 3));
  const bytes = Buffer.from('abc');
  const changed = (change: (url: URL) => void) => {
    const url = new URL(started.url);
    change(url);
    return url.href;
  };
  for (const url of [
    changed((url) => (url.pathname = `/fs/upload/${second.sessionId}`)),
    changed((url) => url.searchParams.set('part', '2')),
    changed((url) => url.searchParams.set('expires', '99999999999')),
    changed((url) => url.searchParams.set('signature', 'x')),
  ])
    assert.deepEqual(await codeOf(await put(url, bytes)), [403, 'forbidden']);
  for (const url of [
    changed((url) => url.searchParams.delete('signature')),
    changed((url) => url.searchParams.set('part', '-1')),
    changed((url) => url.searchParams.set('part', '1.5')),
    changed((url) => url.searchParams.set('expires', 'soon')),
  ])
    assert.equal((await put(url, bytes)).status, 400);

  for (const path of ['/fs/completeWrite', '/fs/abortWrite'])
    assert.deepEqual(await codeOf(await post(path, { uploadId: started.sessionId }, other)), [404, 'not_found']);
  assert.equal((await post('/fs/signMultipartParts', { uploadId: started.sessionId, partNumbers: [1] }, other)).status, 404);
  assert.equal((await post('/fs/signMultipartParts', { uploadId: started.sessionId, partNumbers: [2] })).status, 400);
  assert.deepEqual(await codeOf(await post('/fs/startWrite', item('stolen', 1), other)), [400, 'dest_does_not_exist']);

  assert.equal((await put(started.url, Buffer.from('abcd'))).status, 400);
  assert.equal((await put(started.url, Buffer.from('ab'))).status, 400);
  assert.deepEqual(await codeOf(await post('/fs/completeWrite', { uploadId: started.sessionId })), [400, 'upload_incomplete']);
  const { multipartPartUrls } = await ask('/fs/signMultipartParts', { uploadId: started.sessionId, partNumbers: [1] });
  assert.equal((await put(multipartPartUrls[0].url, bytes)).status, 200);
  assert.deepEqual(await ask('/fs/abortWrite', { uploadId: started.sessionId }), { ok: true });
  assert.deepEqual(await codeOf(await put(started.url, bytes)), [404, 'not_found']);
  assert.deepEqual(await codeOf(await post('/fs/completeWrite', { uploadId: started.sessionId })), [404, 'not_found']);
});

test('nonsense is refused, and a refused item takes the others with it', async () => {
  verifies('drive.uploads.signed');
  const before = filesBelow(node).length;
  for (const [body, status] of [
    [[], 400],
    [{}, 400],
    [Array.from({ length: 501 }, (_, number) => item(`n${number}`, 1)), 400],
    [[item('x', -1)], 400],
    [[item('x', 1.5)], 400],
    [[{ fileMetadata: { path: `${home}/x` } }], 400],
    [[item('../../x', 1)], 400],
    [[{ fileMetadata: { path: '/', size: 1 } }], 400],
    [[item('a\u0000', 1)], 400],
    [[item('big', 2 * MiB), item('huge', 2 ** 50)], 413],
  ] as const)
    assert.equal((await post('/fs/startBatchWrite', body)).status, status, JSON.stringify(body).slice(0, 100));
  assert.equal(filesBelow(node).length, before);
  const folders = Array.from({ length: 500 }, (_, number) => ({
    fileMetadata: { path: `${home}/zip/${number}`, createMissingParents: true },
    directory: true,
  }));
  const made = await ask('/fs/startBatchWrite', folders);
  assert.equal(made.length, 500);
});
