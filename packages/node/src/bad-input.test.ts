import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;
let root: string;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  root = (await expectJson(await owner.fetch('/api/drive/root'))).id;
});
after(() => node.end());

type Refusal = { code: string; message: string; requestId?: string };

/** A refusal must be a 4xx with a code and a sentence, whatever was sent. */
async function refused(what: string, response: Response) {
  assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status}`);
  const body = (await response.json()) as Refusal | { error: Refusal };
  // Outside of /api refusals are as Puter's clients expect them.
  const { code, message, requestId } = 'code' in body ? body : body.error;
  assert.match(code, /^[a-z_]+$/, what);
  assert.match(message, /^.{10,}[.?:!)]?$/s, what);
  if (what.startsWith('/api')) assert.equal(response.headers.get('x-request-id'), requestId, what);
}

const upload = (name: string) => owner.fetch(`/api/drive/files?parent=${root}&name=${name}`, { method: 'PUT', body: 'x' });
const post = (path: string, body: string, type = 'application/json') =>
  owner.fetch(path, { method: 'POST', body, headers: { 'content-type': type } });

test('file names that play tricks are refused', async () => {
  verifies('foundation.bad-input');
  const names = {
    'dot dot': '..',
    dot: '.',
    empty: '',
    'encoded slash': 'a%2Fb',
    'encoded traversal': '..%2F..%2Fetc%2Fpasswd',
    NUL: 'a%00b',
    newline: 'a%0Ab',
    'bidi override': 'invoice%E2%80%AEfdp.exe',
    'zero width': 'a%E2%80%8Bb',
    '256 bytes': 'x'.repeat(256),
    '255 bytes and one accent': `${'x'.repeat(254)}%C3%A9`,
    'not UTF-8': '%ff%fe',
  };
  for (const [what, name] of Object.entries(names)) await refused(what, await upload(name));
  assert.equal((await upload('x'.repeat(255))).status, 201);
});

test('a name that looks the same by normalisation is a conflict, not a second file', async () => {
  assert.equal((await upload('caf%C3%A9')).status, 201);
  await refused('decomposed twin', await upload('cafe%CC%81'));
});

test('malformed, oversized and unknown JSON is refused on every route that takes a body', async () => {
  for (const { method, path, body, dialect } of node.routes) {
    // Signing out would end the test.
    if (typeof body === 'string' || path === '/logout') continue;
    const url = path.replace(/:\w+/g, 'x');
    for (const [what, text] of [
      ['cut off', '{"a":'],
      ['not an object', '[]'],
      ['a number', '1'],
      ['null', 'null'],
      ['unknown field', '{"surprise":1}'],
      ['a prototype', '{"__proto__":{"x":1}}'],
      ['deep', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
      ['oversized', JSON.stringify({ a: 'x'.repeat(1_100_000) })],
    ] as const) {
      const response = await owner.fetch(url, { method, body: text, headers: { 'content-type': 'application/json' } });
      // Puter's clients send more than is asked, and more at once.
      if (dialect === 'puter' && response.status < 500) await response.body?.cancel();
      else await refused(`${method} ${path} with ${what}`, response);
    }
    if (dialect === 'puter') continue;
    await refused(`${method} ${path} as text`, await owner.fetch(url, { method, body: 'x', headers: { 'content-type': 'text/plain' } }));
  }
});

test('ids, queries and addresses that are none are refused', async () => {
  for (const path of [
    '/api/drive/entries?parent=nope',
    '/api/drive/entries?parent=',
    `/api/drive/entries?parent=${root}&limit=0`,
    `/api/drive/entries?parent=${root}&limit=1e9`,
    `/api/drive/entries?parent=${root}&surprise=1`,
    `/api/drive/entries?parent=${root}&parent=${root}`,
    '/api/drive/entries/nope',
    `/api/drive/entries/${'9'.repeat(127)}`,
    '/api/drive/files/nope/content',
    '/api/drive/stat',
    '/api/drive/stat?path=/nope',
    '/api/drive/stat?path=/../../etc/passwd',
    '/api/drive/stat?path=%00',
    '/api/offers/nope',
    '/nope.cgi/x',
    '/..%2f.cgi',
    '/api/tasks/nope',
    '/api/tasks?after=nope',
    '/api/chain/balance?address=0x12',
    '/api/chain/balance?address=0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '/api/nope',
    '/%',
    '/etc/passwd',
    '/assets/../../../etc/passwd',
    '/assets/%2e%2e/%2e%2e/package.json',
  ]) {
    const response = await owner.fetch(path);
    if (path.startsWith('/api/tasks?after')) assert.equal(response.status, 200, path);
    else await refused(path, response);
  }
});

test('sign-in refuses bad addresses, signatures and nonces', async () => {
  for (const body of [
    { address: '0x' },
    { address: 1 },
    { address: owner.address, chainId: -1 },
    { address: owner.address, chainId: 1e30 },
    { address: `${owner.address} ` },
  ]) {
    await refused(JSON.stringify(body), await post('/api/auth/challenge', JSON.stringify(body)));
  }
  const signature = `0x${'11'.repeat(65)}`;
  for (const body of [
    { nonce: 'x', signature },
    { nonce: 'x'.repeat(500), signature },
    { nonce: 'unknown-nonce', signature },
    { nonce: 'unknown-nonce', signature: '0x12' },
    { nonce: 'unknown-nonce', signature: 'no' },
  ]) {
    await refused(JSON.stringify(body), await post('/api/auth/login', JSON.stringify(body)));
  }
});

test('programs that are none are refused with the reason', async () => {
  for (const [what, bytes] of [
    ['nothing', ''],
    ['a script of another language', '#!/usr/bin/perl\nprint 1;\n'],
    ['a cut WebAssembly module', '\0asm\x01\0\0'],
    ['a wrong WebAssembly version', '\0asm\x02\0\0\0'],
    ['a cut ELF', '\x7fELF\x02\x01\x01'],
    ['noise', '\x93\x12 {{('.repeat(2_000)],
  ] as const) {
    await refused(what, await owner.fetch('/api/programs', { method: 'PUT', body: Buffer.from(bytes, 'latin1') }));
  }
});

/** Sends bytes as they are and answers the status line. */
const raw = (text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
    socket.setTimeout(5_000, () => socket.destroy(new Error('No answer')));
    socket.once('data', (chunk) => {
      resolve(chunk.toString('latin1').split('\r\n', 1)[0] ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });

test('hostile HTTP is refused and the node goes on', async () => {
  const host = new URL(node.url).host;
  for (const [what, request] of Object.entries({
    'two hosts': `GET /api/node HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`,
    'no host': 'GET /api/node HTTP/1.1\r\n\r\n',
    'a foreign host (DNS rebinding)': 'GET /api/node HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    'a public address of another machine (a sign-in that is passed on)':
      'POST /api/auth/challenge HTTP/1.1\r\nHost: 8.8.8.8:4200\r\nConnection: close\r\n\r\n',
    'the same with IPv6': 'GET /api/node HTTP/1.1\r\nHost: [2606:4700::1111]:4200\r\nConnection: close\r\n\r\n',
    'an absolute URL': `GET http://evil.example/api/node HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    'both lengths': `POST /api/auth/challenge HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `POST /api/auth/challenge HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    'a space before the colon': `GET /api/node HTTP/1.1\r\nHost : ${host}\r\n\r\n`,
    TRACE: `TRACE /api/node HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    'a huge header': `GET /api/node HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    'not HTTP': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  })) {
    const status = await raw(request);
    assert.match(status, /^HTTP\/1\.1 4\d\d /, `${what}: ${status}`);
  }
  for (const [name, code] of [
    ['8.8.8.8', 421],
    ['192.168.1.5:4200', 200],
  ] as const)
    assert.match(await raw(`GET /api/node HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`), new RegExp(`^HTTP/1.1 ${code} `), name);
  assert.equal((await fetch(new URL('/api/health', node.url))).status, 200);
});

test('a body that is longer or shorter than it says is refused, and nothing is stored', async () => {
  const host = new URL(node.url).host;
  const before = await expectJson(await owner.fetch(`/api/drive/entries?parent=${root}`));
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
  socket.end(
    `PUT /api/drive/files?parent=${root}&name=cut HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${owner.token}\r\nContent-Length: 100\r\n\r\nonly this`,
  );
  await new Promise((resolve) => socket.resume().on('close', resolve).on('error', resolve));
  const later = await expectJson(await owner.fetch(`/api/drive/entries?parent=${root}`));
  assert.deepEqual(later, before);
});
