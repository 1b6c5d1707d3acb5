import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';
import { openClient, readMultistatus, textOf, type DavClient } from './testing/dav-client.ts';
import { childOf, parseXml } from './xml.ts';

let node: TestNode;
let owner: Person;
let dav: DavClient;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
  dav = openClient(node, owner);
});
after(() => node.end());

const lockBody = (scope: string) =>
  `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>me &amp; you</D:owner></D:lockinfo>`;
const destination = (path: string, more: Record<string, string> = {}) => ({ headers: { destination: `${node.url}${path}`, ...more } });

test('a file is put, told about, read in parts and only when it is new', async () => {
  verifies('drive.webdav');
  const put = await dav('PUT', '/dav/h%C3%A9llo.txt', { body: 'hello', headers: { 'x-oc-mtime': '1600000000' } });
  assert.equal(put.status, 201);
  assert.equal(put.headers['x-oc-mtime'], 'accepted');
  const { etag = '' } = put.headers;
  assert.match(etag, /^"bafk/);

  const all = readMultistatus((await dav('PROPFIND', '/dav/h%C3%A9llo.txt', { headers: { depth: '0' } })).body).get('/dav/h%C3%A9llo.txt');
  const told = (name: string) => textOf(all?.get(`DAV: ${name}`)?.element ?? assert.fail(name));
  assert.equal(told('displayname'), 'héllo.txt');
  assert.equal(told('getcontentlength'), '5');
  assert.equal(told('getcontenttype'), 'text/plain');
  assert.equal(told('getetag'), etag);
  assert.equal(told('getlastmodified'), new Date(1_600_000_000_000).toUTCString());
  assert.match(told('creationdate'), /^20\d\d-/);
  assert.equal(all?.has('DAV: quota-used-bytes'), false);

  const read = await dav('GET', '/dav/h%C3%A9llo.txt', { headers: { range: 'bytes=1-2' } });
  assert.deepEqual([read.status, read.body, read.headers['content-range']], [206, 'el', 'bytes 1-2/5']);
  assert.match(read.headers['content-security-policy'] ?? '', /^sandbox/);
  assert.match(read.headers['content-disposition'] ?? '', /^attachment/);
  assert.equal((await dav('GET', '/dav/h%C3%A9llo.txt', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await dav('GET', '/dav/h%C3%A9llo.txt', { headers: { range: 'bytes=9-' } })).status, 416);
  const head = await dav('HEAD', '/dav/h%C3%A9llo.txt');
  assert.deepEqual([head.status, head.headers['content-length'], head.headers['etag']], [200, '5', etag]);
  assert.equal((await dav('PUT', '/dav/h%C3%A9llo.txt', { body: 'x', headers: { 'if-match': '"other"' } })).status, 412);
  assert.equal((await dav('PUT', '/dav/h%C3%A9llo.txt', { body: 'x', headers: { 'if-none-match': '*' } })).status, 412);
  assert.equal((await dav('PUT', '/dav/h%C3%A9llo.txt', { body: 'x', headers: { 'content-range': 'bytes 0-0/9' } })).status, 400);
  assert.equal((await dav('PUT', '/dav/h%C3%A9llo.txt', { body: 'newer', headers: { 'if-match': etag } })).status, 204);
});

test('a slow upload does not undo what others did meanwhile, and respects a lock taken meanwhile', async () => {
  verifies('drive.webdav', 'drive.webdav.locks');
  const { etag = '' } = (await dav('PUT', '/dav/slow.txt', { body: 'first' })).headers;
  /** Begins an upload, lets something happen, and ends it. */
  const during = async (headers: Record<string, string>, happen: () => Promise<unknown>) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const body = async function* () {
      yield Buffer.from('slow');
      await gate;
    };
    const answer = owner.fetch('/dav/slow.txt', { method: 'PUT', body: body(), headers, duplex: 'half' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await happen();
    open();
    return (await answer).status;
  };
  const second = () => dav('PUT', '/dav/slow.txt', { body: 'second' });
  assert.equal(await during({ 'if-match': etag }, second), 412);
  assert.equal((await dav('GET', '/dav/slow.txt')).body, 'second');
  const now = (await dav('HEAD', '/dav/slow.txt')).headers['etag'] ?? '';
  assert.equal(await during({ if: `([${now}])` }, () => dav('PUT', '/dav/slow.txt', { body: 'third' })), 412);
  assert.equal(await during({}, () => dav('LOCK', '/dav/slow.txt', { body: lockBody('exclusive') })), 423);
  assert.equal((await dav('GET', '/dav/slow.txt')).body, 'third');
});

test('what is deleted or replaced over WebDAV can be had back', async () => {
  verifies('drive.webdav');
  await dav('PUT', '/dav/kept.txt', { body: 'one' });
  await dav('PUT', '/dav/kept.txt', { body: 'two' });
  assert.equal((await dav('DELETE', '/dav/kept.txt')).status, 204);
  assert.equal((await dav('GET', '/dav/kept.txt')).status, 404);
  const { entries } = await expectJson(await owner.fetch('/api/drive/trash'));
  const trashed = entries.find(({ name }: { name: string }) => name === 'kept.txt');
  await expectJson(await owner.fetch(`/api/drive/trash/${trashed.id}/restore`, { method: 'POST' }));
  assert.equal((await dav('GET', '/dav/kept.txt')).body, 'two');
  await dav('PUT', '/dav/over.txt', { body: 'over' });
  assert.equal((await dav('MOVE', '/dav/over.txt', destination('/dav/kept.txt', { overwrite: 'F' }))).status, 412);
  assert.equal((await dav('MOVE', '/dav/over.txt', destination('/dav/kept.txt'))).status, 204);
  assert.equal((await dav('GET', '/dav/kept.txt')).body, 'over');
  const again = await expectJson(await owner.fetch('/api/drive/trash'));
  assert.equal(again.entries.filter(({ name }: { name: string }) => name === 'kept.txt').length, 1);
});

test('folders are made, listed to any depth, copied whole or alone, and moved', async () => {
  verifies('drive.webdav');
  for (const path of ['/dav/tree', '/dav/tree/b', '/dav/tree/b/c/', '/dav/tree/a']) assert.equal((await dav('MKCOL', path)).status, 201);
  assert.equal((await dav('MKCOL', '/dav/tree')).status, 405);
  assert.equal((await dav('MKCOL', '/dav/none/x')).status, 409);
  assert.equal((await dav('MKCOL', '/dav/tree/x', { body: '<x/>' })).status, 415);
  assert.equal((await dav('PUT', '/dav/tree', { body: 'x' })).status, 405);
  assert.equal((await dav('PUT', '/dav/none/x', { body: 'x' })).status, 409);
  await dav('PUT', '/dav/tree/b/c/d', { body: 'deep' });
  const hrefs = async (path: string, depth?: string) => [
    ...readMultistatus((await dav('PROPFIND', path, { headers: { ...(depth !== undefined && { depth }) } })).body).keys(),
  ];
  assert.deepEqual(await hrefs('/dav/tree', '0'), ['/dav/tree/']);
  assert.deepEqual(await hrefs('/dav/tree/', '1'), ['/dav/tree/', '/dav/tree/a/', '/dav/tree/b/']);
  assert.deepEqual(await hrefs('/dav/tree'), ['/dav/tree/', '/dav/tree/a/', '/dav/tree/b/', '/dav/tree/b/c/', '/dav/tree/b/c/d']);

  const copied = await dav('COPY', '/dav/tree', destination('/dav/copied'));
  assert.deepEqual([copied.status, copied.headers['location']], [201, '/dav/copied/']);
  assert.equal((await dav('GET', '/dav/copied/b/c/d')).body, 'deep');
  assert.equal((await dav('COPY', '/dav/tree', destination('/dav/alone', { depth: '0' }))).status, 201);
  assert.deepEqual(await hrefs('/dav/alone'), ['/dav/alone/']);
  assert.equal((await dav('MOVE', '/dav/copied', destination('/dav/tree/a/moved'))).status, 201);
  assert.equal((await dav('GET', '/dav/tree/a/moved/b/c/d')).body, 'deep');
  for (const [path, to, status] of [
    ['/dav/tree', '/dav/tree', 403],
    ['/dav/tree', '/dav/tree/b/x', 403],
    ['/dav/tree/b', '/dav/tree', 403],
    ['/dav/', '/dav/x', 403],
    ['/dav/tree', '/dav', 403],
    ['/dav/tree', '/dav/none/x', 409],
    ['/dav/none', '/dav/x', 404],
  ] as const)
    for (const method of ['COPY', 'MOVE'])
      assert.equal((await dav(method, path, destination(to))).status, status, `${method} ${path} ${to}`);
  assert.equal((await dav('MOVE', '/dav/tree', { headers: { destination: 'http://evil.example/dav/x' } })).status, 502);
  assert.equal((await dav('COPY', '/dav/tree')).status, 400);
  assert.equal((await dav('DELETE', '/dav/')).status, 405);
});

test('a folder of many pages is told whole', async () => {
  verifies('drive.webdav');
  await dav('MKCOL', '/dav/many');
  const { id: parent } = await expectJson(await owner.fetch('/api/drive/stat?path=/many'));
  const names = Array.from({ length: 1203 }, (_, index) => `file ${index}`);
  for (let start = 0; start < names.length; start += 100)
    await Promise.all(
      names
        .slice(start, start + 100)
        .map(async (name) => expectJson(await owner.fetch('/api/drive/folders', { method: 'POST', json: { parent, name } }))),
    );
  const { body } = await dav('PROPFIND', '/dav/many', { headers: { depth: '1' } });
  const told = new Set([...body.matchAll(/<D:response><D:href>([^<]*)</g)].map((match) => match[1]));
  assert.equal(told.size, 1204);
  assert.ok(names.every((name) => told.has(`/dav/many/${encodeURIComponent(name)}/`)));
});

test('properties of any namespace are kept, copied along, and those of the node are not to be set', async () => {
  verifies('drive.webdav.properties');
  await dav('PUT', '/dav/props', { body: 'x' });
  const update = (content: string) =>
    dav('PROPPATCH', '/dav/props', {
      body: `<D:propertyupdate xmlns:D="DAV:" xmlns:t="urn:t" xml:lang="en">${content}</D:propertyupdate>`,
    });
  const set = await update('<D:set><D:prop><t:a i="1">one <b xmlns="">&lt;</b></t:a><bare xmlns="">2</bare></D:prop></D:set>');
  assert.deepEqual(
    [...(readMultistatus(set.body).get('/dav/props') ?? [])].map(([name, { status }]) => [name, status]),
    [
      ['urn:t a', 200],
      [' bare', 200],
    ],
  );
  await dav('COPY', '/dav/props', destination('/dav/props2'));
  await dav('MOVE', '/dav/props2', destination('/dav/props3'));
  const ask =
    '<propfind xmlns="DAV:"><prop><a xmlns="urn:t"/><bare xmlns=""/><none xmlns="urn:t"/><quota-used-bytes/><getetag/></prop></propfind>';
  const told = readMultistatus((await dav('PROPFIND', '/dav/props3', { body: ask, headers: { depth: '0' } })).body).get('/dav/props3');
  assert.equal(textOf(told?.get('urn:t a')?.element ?? assert.fail()), 'one <');
  assert.equal(told?.get('urn:t a')?.element.language, 'en');
  assert.deepEqual(
    [...(told ?? [])].map(([name, { status }]) => [name, status]),
    [
      ['urn:t a', 200],
      [' bare', 200],
      ['DAV: getetag', 200],
      ['urn:t none', 404],
      ['DAV: quota-used-bytes', 404],
    ],
  );

  const refused = await update('<D:set><D:prop><D:getetag>"x"</D:getetag></D:prop></D:set><D:remove><D:prop><t:a/></D:prop></D:remove>');
  assert.deepEqual(
    [...(readMultistatus(refused.body).get('/dav/props') ?? [])].map(([name, { status }]) => [name, status]),
    [
      ['DAV: getetag', 403],
      ['urn:t a', 424],
    ],
  );
  assert.match(refused.body, /cannot-modify-protected-property/);
  const names = await dav('PROPFIND', '/dav/props', { body: '<propfind xmlns="DAV:"><propname/></propfind>', headers: { depth: '0' } });
  assert.ok(readMultistatus(names.body).get('/dav/props')?.has('urn:t a'));
  const quota = await dav('PROPFIND', '/dav/', {
    body: '<propfind xmlns="DAV:"><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>',
    headers: { depth: '0' },
  });
  const space = readMultistatus(quota.body).get('/dav/');
  assert.equal(
    Number(textOf(space?.get('DAV: quota-available-bytes')?.element ?? assert.fail())) +
      Number(textOf(space?.get('DAV: quota-used-bytes')?.element ?? assert.fail())),
    2 ** 32,
  );
});

test('what is locked is changed only with the token, by who took it', async () => {
  verifies('drive.webdav.locks');
  await dav('MKCOL', '/dav/locked');
  const taken = await dav('LOCK', '/dav/locked/new', { body: lockBody('exclusive'), headers: { timeout: 'Second-120', depth: '0' } });
  assert.equal(taken.status, 201);
  const token = taken.headers['lock-token'] ?? '';
  assert.match(token, /^<urn:uuid:[0-9a-f-]{36}>$/);
  const discovery = childOf(parseXml(Buffer.from(taken.body)), 'lockdiscovery');
  assert.match(textOf(discovery ?? assert.fail()), /me & you.*Second-120.*\/dav\/locked\/new/);
  assert.equal((await dav('GET', '/dav/locked/new')).body, '');

  const refused = await dav('PUT', '/dav/locked/new', { body: 'x' });
  assert.equal(refused.status, 423);
  assert.match(refused.body, /<D:lock-token-submitted><D:href>\/dav\/locked\/new<\/D:href>/);
  for (const [method, path, options] of [
    ['DELETE', '/dav/locked', {}],
    ['MOVE', '/dav/locked', destination('/dav/elsewhere')],
    ['MOVE', '/dav/locked/new', destination('/dav/elsewhere')],
    ['COPY', '/dav/kept.txt', destination('/dav/locked/new')],
    ['PROPPATCH', '/dav/locked/new', { body: '<propertyupdate xmlns="DAV:"><set><prop><a xmlns=""/></prop></set></propertyupdate>' }],
    ['LOCK', '/dav/locked/new', { body: lockBody('shared') }],
    ['LOCK', '/dav/locked', { body: lockBody('exclusive') }],
  ] as const)
    assert.equal((await dav(method, path, options)).status, 423, `${method} ${path}`);
  const withToken = { headers: { if: `(${token})` } };
  assert.equal((await dav('PUT', '/dav/locked/new', { body: 'x', ...withToken })).status, 204);
  assert.equal((await dav('PUT', '/dav/locked/new', { body: 'y', headers: { if: '(<urn:uuid:none>)' } })).status, 412);
  assert.equal((await dav('LOCK', '/dav/locked/new', { headers: { if: `(${token})`, timeout: 'Second-60' } })).status, 200);
  assert.equal((await dav('UNLOCK', '/dav/locked/new', { headers: { 'lock-token': '<urn:uuid:none>' } })).status, 409);
  assert.equal((await dav('UNLOCK', '/dav/locked/new', { headers: { 'lock-token': 'none' } })).status, 400);
  assert.equal((await dav('MOVE', '/dav/locked/new', { headers: { ...withToken.headers, destination: '/dav/locked/moved' } })).status, 201);
  // The lock stayed behind and ended.
  assert.equal((await dav('PUT', '/dav/locked/moved', { body: 'z' })).status, 204);
  assert.equal((await dav('UNLOCK', '/dav/locked/new', { headers: { 'lock-token': token } })).status, 409);

  // Replacing a folder ends the locks on what lay in it, and keeps the one on the folder.
  for (const path of ['/dav/replaced', '/dav/replaced/a', '/dav/other']) await dav('MKCOL', path);
  const outer = (await dav('LOCK', '/dav/replaced', { body: lockBody('exclusive'), headers: { depth: '0' } })).headers['lock-token'] ?? '';
  const inner = (await dav('LOCK', '/dav/replaced/a', { body: lockBody('exclusive') })).headers['lock-token'] ?? '';
  const both = { if: `</dav/replaced> (${outer}) </dav/replaced/a> (${inner})` };
  assert.equal((await dav('COPY', '/dav/other', destination('/dav/replaced'))).status, 423);
  assert.equal((await dav('COPY', '/dav/other', destination('/dav/replaced', both))).status, 204);
  assert.equal((await dav('MKCOL', '/dav/replaced/a')).status, 423);
  assert.equal((await dav('MKCOL', '/dav/replaced/a', { headers: { if: `</dav/replaced> (${outer})` } })).status, 201);
  assert.equal((await dav('DELETE', '/dav/replaced', { headers: { if: `(${outer})` } })).status, 204);

  // A lock on a folder alone holds its members together, and nothing further down.
  const folder = (await dav('LOCK', '/dav/locked', { body: lockBody('exclusive'), headers: { depth: '0' } })).headers['lock-token'] ?? '';
  assert.equal((await dav('PUT', '/dav/locked/moved', { body: 'zz' })).status, 204);
  assert.equal((await dav('PUT', '/dav/locked/another', { body: 'x' })).status, 423);
  assert.equal((await dav('DELETE', '/dav/locked/moved')).status, 423);
  assert.equal(
    (await dav('PUT', '/dav/locked/another', { body: 'x', headers: { if: `<${node.url}/dav/locked> (${folder})` } })).status,
    201,
  );
  assert.equal((await dav('UNLOCK', '/dav/locked', { headers: { 'lock-token': folder } })).status, 204);
  assert.equal((await dav('LOCK', '/dav/locked/x', { body: lockBody('exclusive'), headers: { depth: '1' } })).status, 400);
});

test('locks and properties are still there after a restart', async () => {
  verifies('drive.webdav.locks', 'drive.webdav.properties');
  const first = await startTestNode();
  const person = await first.signIn();
  const before = openClient(first, person);
  await before('PUT', '/dav/file', { body: 'x' });
  await before('PROPPATCH', '/dav/file', {
    body: '<propertyupdate xmlns="DAV:"><set><prop><a xmlns="urn:t">1</a></prop></set></propertyupdate>',
  });
  const token = (await before('LOCK', '/dav/file', { body: lockBody('exclusive') })).headers['lock-token'] ?? '';
  await first.end({ keep: true });
  const second = await startTestNode({ dataDirectory: first.dataDirectory });
  try {
    const again = openClient(second, person);
    assert.equal((await again('PUT', '/dav/file', { body: 'y' })).status, 423);
    assert.equal((await again('PUT', '/dav/file', { body: 'y', headers: { if: `(${token})` } })).status, 204);
    const told = readMultistatus((await again('PROPFIND', '/dav/file', { headers: { depth: '0' } })).body);
    assert.ok(told.get('/dav/file')?.has('urn:t a'));
  } finally {
    await second.end();
  }
});
