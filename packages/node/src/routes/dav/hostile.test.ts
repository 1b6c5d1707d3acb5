import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';
import { openClient, type DavClient } from './testing/dav-client.ts';

let node: TestNode;
let owner: Person;
let member: Person;
let dav: DavClient;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  member = await node.letIn(owner, 'member');
  dav = openClient(node, owner);
  await openClient(node, member)('PUT', '/dav/secret.txt', { body: 'the secret of a member' });
  await dav('PUT', '/dav/mine.txt', { body: 'mine' });
});
after(() => node.end());

const broken = () => node.log.filter((line) => line.includes('"http.failed"'));
const lockBody = '<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>';
const methods = [
  'GET',
  'HEAD',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'PUT',
  'DELETE',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'POST',
  'PATCH',
  'OPTIONS',
];

test('a cookie is nothing here, and who is not known is asked for a password', async () => {
  verifies('drive.webdav.access');
  const nobody = openClient(node);
  for (const method of methods.filter((name) => name !== 'OPTIONS')) {
    for (const headers of [
      {},
      { cookie: `freehold_session=${owner.token}`, 'x-requested-by': 'freehold' },
      { authorization: `Basic ${btoa(`${owner.address}:${owner.token}`)}` },
      { authorization: 'Basic ?' },
      { authorization: 'Bearer x' },
    ]) {
      const answer = await nobody(method, '/dav/mine.txt', { headers });
      assert.equal(answer.status, 401, method);
      assert.match(answer.headers['www-authenticate'] ?? '', /^Basic realm="Freehold"/);
    }
  }
  for (const path of ['/dav/', '/dav', '/dav/mine.txt', '/']) {
    const options = await nobody('OPTIONS', path);
    assert.deepEqual([options.status, options.headers['dav'], options.headers['ms-author-via']], [200, '1, 2, 3', 'DAV']);
    assert.match(options.headers['allow'] ?? '', /PROPFIND.*LOCK/);
  }
  const post = await dav('POST', '/dav/mine.txt');
  assert.equal(post.status, 405);
});

test('an app password opens the drive of its account, for reading only when it is one for reading, until it is revoked', async () => {
  verifies('drive.webdav.access', 'drive.delegation.passwords');
  const make = async (access: string) =>
    expectJson(await member.fetch('/api/app-passwords', { method: 'POST', json: { label: access, access } }));
  const by = (user: string, { password }: { password: string }) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` });
  const nobody = openClient(node);
  const [read, write] = [await make('read'), await make('write')];
  for (const headers of [by(member.address, read), by('', write)])
    assert.equal((await nobody('GET', '/dav/secret.txt', { headers })).body, 'the secret of a member');
  assert.equal((await nobody('GET', '/dav/secret.txt', { headers: by(owner.address, read) })).status, 401);
  for (const method of methods.filter((name) => !['GET', 'HEAD', 'PROPFIND', 'OPTIONS', 'POST', 'PATCH'].includes(name)))
    assert.equal((await nobody(method, '/dav/secret.txt', { headers: by(member.address, read) })).status, 403, method);
  assert.equal((await nobody('PUT', '/dav/new.txt', { headers: by(member.address, write), body: 'x' })).status, 201);
  // It is for WebDAV and nothing else.
  for (const authorization of [by(member.address, write).authorization, `Bearer ${write.password}`])
    assert.equal((await fetch(new URL('/api/drive/root', node.url), { headers: { authorization } })).status, 401);
  await member.fetch(`/api/app-passwords/${write.id}`, { method: 'DELETE' });
  assert.equal((await nobody('GET', '/dav/new.txt', { headers: by(member.address, write) })).status, 401);
});

test('the page of another site is refused what changes something', async () => {
  verifies('drive.webdav.access');
  for (const method of ['PUT', 'DELETE', 'MOVE', 'LOCK', 'PROPPATCH'])
    assert.equal((await dav(method, '/dav/mine.txt', { headers: { origin: 'https://evil.example' } })).status, 403, method);
});

test('no spelling of an address or destination reaches what is not in the own drive', async () => {
  verifies('drive.webdav.hostile', 'drive.webdav.access');
  const steps = [
    '..',
    '%2e%2e',
    '%2E%2e',
    '..%2f',
    '..%5c',
    '%252e%252e',
    '..%252f',
    '%c0%ae%c0%ae',
    '%00',
    'a%00',
    '..;',
    '.',
    '%2f',
    '%5c',
    '\\..',
    '..\\',
    '%u002e',
    '%',
    '%f0%28%8c%bc',
    '~',
    '%ef%bc%8e%ef%bc%8e',
    '....//',
  ];
  const ends = ['secret.txt', `${member.address}/secret.txt`, 'freehold.db', 'etc/passwd', 'api/accounts', ''];
  const paths = steps.flatMap((step) =>
    ends.flatMap((end) => [`/dav/${step}/${end}`, `/dav/mine.txt/${step}/${end}`, `/dav//${step}//${step}/${end}`]),
  );
  const seen = new Set<number>();
  for (const path of paths) {
    for (const method of ['GET', 'PROPFIND', 'COPY']) {
      const answer = await dav(method, path, { headers: { depth: '0', destination: '/dav/stolen', overwrite: 'T' } });
      seen.add(answer.status);
      assert.doesNotMatch(answer.body, /the secret of a member|root:|SQLite/, `${method} ${path}`);
      // A backslash is a character of a name, so the copies below make some of these; what is there is then the own file.
      if (method === 'GET' && answer.status === 200) assert.match(answer.body, /^(mine$|This is a folder)/);
    }
    const moved = await dav('COPY', '/dav/mine.txt', { headers: { destination: path } });
    assert.ok(moved.status < 500, `to ${path}: ${moved.status}`);
  }
  assert.ok(paths.length * 3 > 1000);
  assert.ok(
    [...seen].every((status) => [200, 201, 204, 207, 400, 403, 404, 409].includes(status)),
    [...seen].join(),
  );
  assert.equal((await expectJson(await member.fetch('/api/drive/stat?path=/secret.txt'))).size, 22);
  assert.deepEqual(broken(), []);
});

test('an absolute address in the request line, a missing slash and a fragment are refused', async () => {
  verifies('drive.webdav.hostile');
  for (const target of ['http://evil.example/dav/mine.txt', 'dav/mine.txt', '*', '/dav/mine.txt#x', '//dav/mine.txt']) {
    const answer = await raw(
      `GET ${target} HTTP/1.1\r\nHost: ${new URL(node.url).host}\r\nAuthorization: Bearer ${owner.token}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 40[04] /, target);
  }
});

test('whatever the If, Destination, Depth, Timeout and Lock-Token headers say, the answer is no failure', async () => {
  verifies('drive.webdav.hostile');
  const text = fc.stringMatching(/^[\x21-\x7e ]{0,40}$/);
  const header = fc.oneof(
    text,
    fc
      .array(
        fc.constantFrom(
          '(',
          ')',
          '<',
          '>',
          '[',
          ']',
          '"',
          'W/',
          'Not ',
          '/dav/mine.txt',
          'urn:x',
          'Infinity',
          'Second-',
          '1',
          '://',
          '%',
          '..',
          ',',
          node.url,
        ),
      )
      .map((parts) => parts.join('')),
  );
  const request = fc.record({
    method: fc.constantFrom(...methods.filter((name) => !['DELETE', 'MOVE'].includes(name))),
    headers: fc.record(
      {
        if: header,
        destination: header,
        depth: header,
        timeout: header,
        'lock-token': header,
        overwrite: header,
        range: header,
        'if-match': header,
        'if-modified-since': header,
        'x-oc-mtime': header,
      },
      { requiredKeys: [] },
    ),
    body: fc.constantFrom('', lockBody, '<propfind xmlns="DAV:"><propname/></propfind>', '<a', '\0'),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, headers, body }) => {
      const answer = await dav(method, '/dav/mine.txt', { headers, body });
      assert.ok(answer.status < 500 || answer.status === 502, `${method} ${JSON.stringify(headers)}: ${answer.status}`);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(broken(), []);
});

test('bombs of XML are refused, and a body beyond a MiB is not read', async () => {
  verifies('drive.webdav.hostile');
  const entities = Array.from({ length: 20 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join('');
  const bombs = [
    `<!DOCTYPE a [<!ENTITY e0 "x">${entities}]><propfind xmlns="DAV:"><prop><a>&e20;</a></prop></propfind>`,
    '<propfind xmlns="DAV:">'.repeat(5000),
    `<propfind xmlns="DAV:"><prop>${'<a/>'.repeat(30_000)}</prop></propfind>`,
    `<propfind xmlns="DAV:"><prop>${Array.from({ length: 501 }, (_, n) => `<a${n}/>`).join('')}</prop></propfind>`,
    '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:1/x"><propfind xmlns="DAV:"><allprop/></propfind>',
  ];
  for (const method of ['PROPFIND', 'PROPPATCH', 'LOCK'])
    for (const body of bombs) assert.equal((await dav(method, '/dav/mine.txt', { body, headers: { depth: '0' } })).status, 400, method);
  for (const method of ['PROPFIND', 'PROPPATCH', 'LOCK']) {
    const answer = await raw(
      `${method} /dav/mine.txt HTTP/1.1\r\nHost: ${new URL(node.url).host}\r\nAuthorization: Bearer ${owner.token}\r\nContent-Length: 99999999999\r\n\r\n<`,
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const chunked = await raw(
      `${method} /dav/mine.txt HTTP/1.1\r\nHost: ${new URL(node.url).host}\r\nAuthorization: Bearer ${owner.token}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
    );
    assert.match(chunked, /^HTTP\/1\.1 413 /);
  }
});

test('a flood of locks or of properties ends at a limit', async () => {
  verifies('drive.webdav.hostile');
  const drive = openClient(node, member);
  let status = 0;
  let taken = 0;
  for (; status < 400; taken++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => drive('LOCK', '/dav/secret.txt', { body: lockBody })));
    status = Math.max(...answers.map((answer) => answer.status));
  }
  assert.equal(status, 507);
  assert.equal(taken, 11);
  // Others are not held up by them.
  assert.equal((await dav('PUT', '/dav/mine.txt', { body: 'mine' })).status, 204);
  const many = Array.from({ length: 501 }, (_, n) => `<p${n} xmlns=""/>`).join('');
  const answer = await dav('PROPPATCH', '/dav/mine.txt', {
    body: `<propertyupdate xmlns="DAV:"><set><prop>${many}</prop></set></propertyupdate>`,
  });
  assert.equal(answer.status, 207);
  assert.match(answer.body, /HTTP\/1\.1 507/);
  const huge = await dav('LOCK', '/dav/mine.txt', {
    body: lockBody.replace('</lockinfo>', `<owner>${'x'.repeat(5000)}</owner></lockinfo>`),
  });
  assert.equal(huge.status, 413);
});

/** Sends bytes and answers what comes back until the connection ends, or the first answer is there. */
function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}
