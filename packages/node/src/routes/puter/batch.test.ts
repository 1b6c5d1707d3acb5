import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let owner: Person;
let home: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  home = `/${owner.address}`;
});
after(() => node.end());

type Write = { path?: string; name?: string; content: string | Uint8Array<ArrayBuffer>; type?: string; size?: unknown } & Record<
  string,
  unknown
>;

/** As the SDK builds it: all fields before all files. */
function formOf(operations: object[], writes: Write[] = []): FormData {
  const form = new FormData();
  form.append('operation_id', 'op');
  for (const operation of operations) form.append('operation', JSON.stringify(operation));
  for (const { name = 'x', content, type = '', size = Buffer.byteLength(content) } of writes)
    form.append('fileinfo', JSON.stringify({ name, type, size }));
  for (const { content: _, type: __, size: ___, ...rest } of writes)
    form.append('operation', JSON.stringify({ op: 'write', path: home, dedupe_name: false, overwrite: false, ...rest }));
  for (const { content, type = '' } of writes) form.append('file', new File([content], 'file', { type }));
  return form;
}
const send = (body: FormData, token = owner.token) =>
  fetch(new URL('/batch', node.url), { method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
const batch = async (operations: object[], writes?: Write[]) => {
  const response = await send(formOf(operations, writes));
  return { status: response.status, ...JSON.parse(await response.text()) };
};
const read = async (path: string) => {
  const response = await owner.fetch(`/read?file=${encodeURIComponent(path)}`);
  return response.ok ? response.text() : response.status;
};
const uploadsOnDisk = () => readdirSync(join(node.dataDirectory, 'drive', 'uploads'));

test('folders, and files in them, in one request and in order', async () => {
  verifies('drive.uploads.batch');
  const { status, results } = await batch(
    [
      { op: 'mkdir', parent: home, path: '/photos', dedupe_name: true, create_missing_ancestors: true, as: 'dir_1' },
      { op: 'mkdir', parent: '$dir_1', path: '/2026', dedupe_name: true, as: 'dir_0' },
    ],
    [
      { path: '$dir_0', name: 'a.txt', content: 'in 2026' },
      { path: '$dir_1', name: 'b.txt', content: 'in photos', item_upload_id: 1 },
      { path: `${home}/new/folder`, name: 'c.txt', content: 'made', create_missing_ancestors: true },
      { name: 'große Datei.txt', content: 'ünïcode' },
      { name: 'empty', content: '' },
    ],
  );
  assert.equal(status, 200);
  assert.deepEqual(
    results.map(({ path, size }: { path: string; size: number }) => [path, size]),
    [
      [`${home}/photos`, null],
      [`${home}/photos/2026`, null],
      [`${home}/photos/2026/a.txt`, 7],
      [`${home}/photos/b.txt`, 9],
      [`${home}/new/folder/c.txt`, 4],
      [`${home}/große Datei.txt`, 9],
      [`${home}/empty`, 0],
    ],
  );
  assert.equal(await read(`${home}/photos/2026/a.txt`), 'in 2026');
  assert.equal(await read(`${home}/große Datei.txt`), 'ünïcode');

  const again = await batch(
    [{ op: 'mkdir', parent: home, path: '/photos', dedupe_name: true, as: 'd' }],
    [{ path: '$d', name: 'x', content: 'x' }],
  );
  assert.equal(again.results[1].path, `${home}/photos (1)/x`);
  const over = await batch(
    [{ op: 'mkdir', parent: home, path: '/photos', dedupe_name: true, overwrite: true, as: 'd' }],
    [{ path: '$d', name: 'x', content: 'x' }],
  );
  assert.equal(over.results[1].path, `${home}/photos/x`);
});

test('a taken name is refused, numbered or overwritten, and one failure leaves the others', async () => {
  verifies('drive.uploads.batch');
  const first = await batch([], [{ name: 't.txt', content: 'one' }]);
  const { status, results } = await batch(
    [],
    [
      { name: 't.txt', content: 'two' },
      { name: 't.txt', content: 'three', dedupe_name: true },
      { name: 't.txt', content: 'four', overwrite: true, dedupe_name: true },
      { path: `${home}/nowhere`, name: 't', content: 'x' },
    ],
  );
  assert.equal(status, 218);
  const [taken, numbered, overwritten, lost] = results;
  assert.deepEqual([taken.error, taken.status, taken.code, taken.entry_name], [true, 409, 'item_with_same_name_exists', 't.txt']);
  assert.equal(numbered.name, 't (1).txt');
  assert.equal(overwritten.uid, first.results[0].uid);
  assert.deepEqual([lost.error, lost.code], [true, 'dest_does_not_exist']);
  assert.equal(await read(`${home}/t.txt`), 'four');

  await batch([{ op: 'mkdir', parent: home, path: 'folder' }]);
  const folder = await batch([], [{ name: 'folder', content: 'x', overwrite: true }]);
  assert.equal(folder.results[0].code, 'cannot_overwrite_a_directory');
});

test('everything else waits for the files before it', async () => {
  verifies('drive.uploads.batch');
  const form = new FormData();
  form.append('fileinfo', JSON.stringify({ name: 'm.txt', size: 1 }));
  const operations = [
    { op: 'mkdir', parent: home, path: 'moved', as: 'to' },
    { op: 'write', path: home, name: 'm.txt' },
    { op: 'shortcut', path: home, name: 'link', shortcut_to_uid: `${home}/m.txt` },
    { op: 'move', source: `${home}/m.txt`, destination: '$to' },
    { op: 'delete', paths: [`${home}/link`] },
  ];
  for (const operation of operations) form.append('operation', JSON.stringify(operation));
  form.append('file', new File(['m'], 'm.txt'));
  const response = await send(form);
  const { results } = await expectJson(response);
  assert.equal(response.status, 200);
  assert.equal(results[2].is_shortcut, 1);
  assert.equal(results[3].moved.path, `${home}/moved/m.txt`);
  assert.equal(await read(`${home}/link`), 404);
});

test('many small files share commits, and a large one streams beside them', async () => {
  verifies('drive.uploads.batch');
  const large = randomBytes(3 << 20);
  const writes = Array.from({ length: 60 }, (_, number): Write => ({
    path: `${home}/many`,
    name: `${number}`,
    content: `${number}`,
    create_missing_ancestors: true,
  }));
  const { status, results } = await batch([], [...writes, { name: 'large', content: large }]);
  assert.equal(status, 200);
  assert.deepEqual(
    results.slice(0, 60).map(({ name }: { name: string }) => name),
    writes.map(({ name }) => name),
  );
  const content = await (await owner.fetch(`/read?file=${home}/large`)).arrayBuffer();
  assert.ok(large.equals(Buffer.from(content)));
});

test('what is not meant well is refused, never breaks the node, and leaves nothing', async () => {
  verifies('drive.uploads.batch');
  for (const [write, code] of [
    [{ name: '..', content: 'x' }, 'bad_request'],
    [{ name: '../../etc', content: 'x' }, 'bad_request'],
    [{ name: 'a/b', content: 'x' }, 'bad_request'],
    [{ name: 'a\u0000b', content: 'x' }, 'bad_request'],
    [{ name: 'a\u202Etxt', content: 'x' }, 'bad_request'],
    [{ name: 'n'.repeat(300), content: 'x' }, 'bad_request'],
    [{ path: '/', name: 'x', content: 'x' }, 'cannot_write_to_root'],
    [{ path: `${home}/../0x0000000000000000000000000000000000000001`, name: 'x', content: 'x' }, 'dest_does_not_exist'],
    [{ path: '$dir_7/x', name: 'x', content: 'x' }, 'bad_request'],
    [{ path: '$', name: 'x', content: 'x' }, 'dest_does_not_exist'],
    [{ path: '$__proto__', name: 'x', content: 'x' }, 'bad_request'],
    [{ name: 'short', content: 'abc', size: 5 }, 'upload_incomplete'],
    [{ name: 'long', content: 'abc', size: 1 }, 'upload_incomplete'],
    [{ name: 'huge', content: 'abc', size: 2 ** 52 }, 'storage_limit_reached'],
  ] as [Write, string][]) {
    const { status, results } = await batch([], [write]);
    assert.equal(status, 218, JSON.stringify(write));
    assert.equal(results[0].code, code, JSON.stringify([write, results[0]]));
    assert.equal(results[0].error, true);
  }
  for (const size of [-1, 1.5, '9', 2 ** 60])
    assert.equal((await batch([], [{ name: 'size', content: 'abc', size }])).status, 400, String(size));
  for (const operation of [
    { op: 'format' },
    { op: 'write', path: 7 },
    'x',
    null,
    [],
    { op: 'mkdir', parent: home, path: 'x', as: 'a'.repeat(65) },
  ]) {
    const response = await send(formOf([operation as object]));
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { code: string }).code, 'field_invalid');
  }
  assert.equal((await batch([])).status, 400);
  const noFile = formOf([{ op: 'write', path: home, name: 'none' }]);
  assert.equal((await send(noFile)).status, 218);
  const noOperation = new FormData();
  noOperation.append('file', new File(['x'], 'x'));
  assert.equal((await send(noOperation)).status, 400);
  assert.equal((await send(formOf([]), 'nobody')).status, 401);
  assert.deepEqual(uploadsOnDisk(), []);
});

/** Sends bytes as they are and answers the status, or `closed` when the node ends the connection without one. */
function sendRaw(headers: Record<string, string>, chunks: readonly (string | Buffer)[], { abortAfter }: { abortAfter?: number } = {}) {
  return new Promise<number | 'closed'>((resolve) => {
    const url = new URL('/batch', node.url);
    const outgoing = request({
      host: '127.0.0.1',
      port: url.port,
      path: '/batch',
      method: 'POST',
      headers: { host: url.host, authorization: `Bearer ${owner.token}`, ...headers },
    });
    outgoing.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', () => resolve('closed'));
    for (const chunk of chunks) outgoing.write(chunk);
    if (abortAfter === undefined) outgoing.end();
    else setTimeout(() => outgoing.destroy(), abortAfter);
  });
}

test('bombs of headers, fields and parts, and bodies without an end, are refused', async () => {
  verifies('drive.uploads.batch');
  const type = { 'content-type': 'multipart/form-data; boundary=b' };
  const field = (name: string, value: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const write = field('operation', JSON.stringify({ op: 'write', path: home, name: 'broken' }));
  const file = `--b\r\nContent-Disposition: form-data; name="file"; filename="broken"\r\n\r\n`;
  const refused = (status: number | 'closed') => status === 'closed' || (status >= 400 && status < 500);

  assert.equal(await sendRaw({ 'content-type': 'text/plain' }, ['x']), 415);
  assert.equal(await sendRaw({ 'content-type': 'multipart/form-data' }, ['x']), 415);
  for (const body of [
    [`--b\r\n${'X-Header: 1\r\n'.repeat(100_000)}\r\n\r\n--b--`],
    [`--b\r\nContent-Disposition: form-data; name="${'n'.repeat(100_000)}"\r\n\r\nx\r\n--b--`],
    [field('operation', 'x'.repeat(4 << 20)), '--b--'],
    Array.from({ length: 20_000 }, (_, number) => field(`f${number}`, '')),
    Array.from({ length: 40 }, () => field('socket_id', 'x'.repeat(1 << 20))),
    [write, file, 'half of it'],
    [write, file, Buffer.alloc(2 << 20)],
    [write.replace('broken', 'whole'), file, 'x\r\n--b\r\n'],
    ['--b'],
    ['no boundary at all'],
    [],
  ]) {
    const status = await sendRaw(type, body);
    assert.ok(refused(status) || status === 218, `${status} for ${String(body[0]).slice(0, 60)}`);
  }
  await sendRaw(type, [write, file, Buffer.alloc(2 << 20)], { abortAfter: 100 });
  await sendRaw({ ...type, 'content-length': '10000000' }, [write, file, Buffer.alloc(1 << 20)], { abortAfter: 100 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(uploadsOnDisk(), []);
  assert.equal(await read(`${home}/broken`), 404);
  assert.equal((await batch([], [{ name: 'alive', content: 'yes' }])).status, 200);
  assert.ok(!node.log.some((line) => line.includes('http.failed')), node.log.filter((line) => line.includes('http.failed')).join('\n'));
});

test('sockets hear how far an upload is, and what came of it', async (context) => {
  verifies('drive.uploads.batch');
  const socket = io(node.url, { auth: { auth_token: owner.token }, transports: ['websocket'] });
  context.after(() => socket.disconnect());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const progress: { operation_id: string; item_upload_id: string; loaded: number; loaded_diff: number; total: number }[] = [];
  socket.on('upload.progress', (message) => progress.push(message));
  const added = new Promise<Record<string, unknown>>((resolve) =>
    socket.on('item.added', (item) => item.name === 'watched' && resolve(item)),
  );
  const size = 2 << 20;
  await batch([], [{ name: 'watched', content: new Uint8Array(size), item_upload_id: 3 }]);
  const { operation_id, item_upload_id } = await added;
  assert.deepEqual([operation_id, item_upload_id], ['op', '3']);
  assert.ok(progress.length >= 3);
  assert.deepEqual(progress.at(-1), {
    operation_id: 'op',
    item_upload_id: '3',
    loaded: size,
    loaded_diff: progress.at(-1)?.loaded_diff,
    total: size,
  });
  assert.equal(
    progress.reduce((sum, { loaded_diff }) => sum + loaded_diff, 0),
    size,
  );
});
