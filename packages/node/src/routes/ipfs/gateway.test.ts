import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { carWith, cborBlock, fileBlock, folderBlock, jsonBlock, pbBlock, rawBlock } from '../../../../drive/src/testing/car.ts';
import { base16, base32upper, base36, base58btc, base64url, CarReader, CID, Digest, UnixFS } from '../../../../drive/src/testing/ipld.ts';
import { ipnsKey, ipnsRecord } from '../../../../drive/src/testing/ipns.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../testing/test-node.ts';

let node: TestNode;
let alice: Person;
let root: string;

const immutable = 'public, max-age=29030400, immutable';
const large = Buffer.alloc(3 * 1024 * 1024 + 5, 'large file ');
const page = '<!doctype html><title>Home</title><script>document.title="ran"</script><h1>Home</h1>';

type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer };
type Ask = { method?: string; headers?: Record<string, string>; host?: string };

/** Asks as it is written: no URL is put in order, no host resolved. */
function ask(path: string, { method = 'GET', headers = {}, host }: Ask = {}): Promise<Reply> {
  const { port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, path, method, headers: { host: host ?? `127.0.0.1:${port}`, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject).end();
  });
}

async function upload(parent: string, name: string, body: string | Buffer): Promise<{ id: string; cid: string }> {
  return expectJson(await alice.fetch(`/api/drive/files?parent=${parent}&name=${encodeURIComponent(name)}`, { method: 'PUT', body }));
}
const folder = async (parent: string, name: string): Promise<string> =>
  (await expectJson(await alice.fetch('/api/drive/folders', { method: 'POST', json: { parent, name } }))).id;
const publish = async (entry: string, more: object = {}): Promise<{ id: string; root: string }> =>
  expectJson(await alice.fetch('/api/drive/publications', { method: 'POST', json: { entry, ...more } }));

const cids = {} as Record<
  | 'site'
  | 'hello'
  | 'large'
  | 'picture'
  | 'sub'
  | 'private'
  | 'older'
  | 'cbor'
  | 'json'
  | 'redirects'
  | 'badRedirects'
  | 'hugeRedirects'
  | 'partial'
  | 'secondLeaf',
  string
>;
const key = ipnsKey();
const foreign = {} as Record<'symlink' | 'cborRoot' | 'leaf', string>;

before(async () => {
  node = await startTestNode({ gateways: ['pages.example.net'] });
  alice = await node.signIn();
  root = (await expectJson(await alice.fetch('/api/drive/root'))).id;
  const site = await folder(root, 'site');
  await upload(site, 'index.html', page);
  cids.hello = (await upload(site, 'hello.txt', 'hello')).cid;
  cids.large = (await upload(site, 'large.bin', large)).cid;
  await upload(site, 'ünï cödé 100%.txt', 'unicode');
  await upload(site, 'noext', Buffer.from('just text\n'));
  cids.picture = (
    await upload(site, 'picture', Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'))
  ).cid;
  await upload(site, 'image.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  const sub = await folder(site, 'sub dir');
  await upload(sub, 'a<b>&.txt', 'odd name');
  const deep = await folder(sub, 'deep');
  await upload(deep, 'leaf', 'leaf');
  cids.site = (await publish(site)).root;
  cids.sub = (await expectJson(await alice.fetch(`/api/drive/entries/${sub}/cid`))).cid;
  cids.private = (await upload(root, 'private.txt', 'nobody else may have this')).cid;

  const leaf = rawBlock('Hello, ');
  const other = rawBlock('older world');
  const file = fileBlock([
    { cid: leaf.cid, size: 7 },
    { cid: other.cid, size: 11 },
  ]);
  const link = pbBlock({ data: new UnixFS({ type: 'symlink', data: Buffer.from('hello.txt') }) });
  const older = folderBlock([
    { name: 'hello.txt', cid: file.cid },
    { name: 'link', cid: link.cid },
    { name: 'empty', cid: CID.parse('bafkqaaa') },
  ]);
  const inner = cborBlock({ end: 'of the way' });
  const cbor = cborBlock({ name: 'data', down: { link: inner.cid }, list: [1, file.cid], file: file.cid });
  const json = jsonBlock({ hello: 'world', link: { '/': inner.cid.toString() } });
  const tree = cborBlock({ older: older.cid, cbor: cbor.cid, json: json.cid });
  const car = await upload(root, 'foreign.car', await carWith([tree.cid], [tree, older, file, leaf, other, link, cbor, inner, json]));
  await publish(car.id, { car: true });
  cids.older = older.cid.toString();
  cids.cbor = cbor.cid.toString();
  cids.json = json.cid.toString();
  foreign.symlink = link.cid.toString();
  foreign.leaf = leaf.cid.toString();

  // A file of two parts whose first part nobody has.
  const missing = rawBlock('0123456789');
  const there = rawBlock('abcdefghij');
  const partial = fileBlock([
    { cid: missing.cid, size: 10 },
    { cid: there.cid, size: 10 },
  ]);
  await publish((await upload(root, 'partial.car', await carWith([partial.cid], [partial, there]))).id, { car: true });
  cids.partial = partial.cid.toString();
  cids.secondLeaf = there.cid.toString();

  const withRules = async (name: string, rules: string) => {
    const id = await folder(root, name);
    await upload(id, '_redirects', rules);
    await upload(id, 'index.html', 'home');
    await upload(id, '404.html', 'custom not found');
    await upload(id, 'one.html', 'page one');
    return (await publish(id)).root;
  };
  cids.redirects = await withRules(
    'redirects',
    [
      '# rules of a site',
      '/moved /one.html',
      '/temporary /one.html 302   # for now',
      '/posts/:year/:slug /archive/:slug?y=:year 307',
      '/old/* /new/:splat 308',
      '/out https://example.org/x 303',
      '/app/* /index.html 200',
      '/gone /404.html 410',
      '/legal /404.html 451',
      '/one.html /never.html 301',
      '/* /404.html 404',
    ].join('\n'),
  );
  cids.badRedirects = await withRules('bad', '/a /b 999\n');
  cids.hugeRedirects = await withRules('huge', `# ${'x'.repeat(65 * 1024)}\n`);

  const record = ipnsRecord(key, { value: `/ipfs/${cids.site}`, ttl: 1800 });
  await expectJson(await alice.fetch(`/api/ipns/${key.name}`, { method: 'PUT', body: record }));
});
after(() => node.end());

type Check = {
  name: string;
  path: () => string;
  ask?: () => Ask;
  status: number;
  headers?: () => Record<string, string | RegExp | undefined>;
  body?: (reply: Reply) => void | Promise<void>;
};
const is = (text: string | Buffer) => (reply: Reply) => assert.deepEqual(reply.body, Buffer.from(text));
const has = (pattern: RegExp) => (reply: Reply) => assert.match(reply.body.toString(), pattern);
const raw = { headers: { accept: 'application/vnd.ipld.raw' } };
const carType = 'application/vnd.ipld.car; version=1; order=dfs; dups=n';

/** The CIDs of a CAR in its order, each block compared with its CID. */
async function blocksOf({ body }: Reply): Promise<string[]> {
  const reader = await CarReader.fromBytes(body);
  const found: string[] = [];
  for await (const { cid, bytes } of reader.blocks()) {
    assert.deepEqual(Buffer.from(cid.multihash.digest), createHash('sha256').update(bytes).digest());
    found.push(cid.toString());
  }
  return found;
}
const counts = (count: number) => async (reply: Reply) => assert.equal((await blocksOf(reply)).length, count);
const leaves = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    createHash('sha256')
      .update(large.subarray((from + index) * 1048576, (from + index + 1) * 1048576))
      .digest('hex'),
  );
const holdsLeaves = (from: number, to: number) => async (reply: Reply) => {
  const digests = (await blocksOf(reply)).slice(-(to - from)).map((cid) => Buffer.from(CID.parse(cid).multihash.digest).toString('hex'));
  assert.deepEqual(digests, leaves(from, to));
};

async function run(checks: readonly Check[]): Promise<void> {
  for (const check of checks) {
    const { name, path, status } = check;
    const how = (): Ask => check.ask?.() ?? {};
    const headers = (): Record<string, string | RegExp | undefined> => check.headers?.() ?? {};
    const body = async (reply: Reply) => check.body?.(reply);
    const reply = await ask(path(), how());
    try {
      assert.equal(reply.status, status, reply.body.toString().slice(0, 300));
      for (const [header, wanted] of Object.entries(headers())) {
        if (wanted === undefined) assert.equal(reply.headers[header], undefined, header);
        else if (typeof wanted === 'string') assert.equal(reply.headers[header], wanted, header);
        else assert.match(String(reply.headers[header]), wanted, header);
      }
      await body(reply);
      assert.equal(reply.headers['set-cookie'], undefined);
      assert.equal(reply.headers['access-control-allow-origin'], '*');
      if ((how().method ?? 'GET') !== 'GET') continue;
      // HEAD says what GET says, without the body.
      const head = await ask(path(), { ...how(), method: 'HEAD' });
      assert.equal(head.status, reply.status, 'HEAD');
      assert.equal(head.body.length, 0, 'HEAD');
      for (const header of ['content-type', 'etag', 'location', 'x-ipfs-roots', 'content-range', 'cache-control'])
        assert.equal(head.headers[header], reply.headers[header], `HEAD ${header}`);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

test('trustless: raw blocks', async () => {
  verifies('drive.ipfs.trustless');
  await run([
    {
      name: 'by query',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      status: 200,
      headers: () => ({
        'content-type': 'application/vnd.ipld.raw',
        'content-length': '5',
        'content-disposition': `attachment; filename="${cids.hello}.bin"`,
        'x-content-type-options': 'nosniff',
        etag: `"${cids.hello}.raw"`,
        'cache-control': immutable,
        'x-ipfs-path': `/ipfs/${cids.hello}`,
        'x-ipfs-roots': cids.hello,
        'accept-ranges': 'bytes',
      }),
      body: is('hello'),
    },
    {
      name: 'by Accept, with the URL that gives the same',
      path: () => `/ipfs/${cids.hello}`,
      ask: () => raw,
      status: 200,
      headers: () => ({ 'content-type': 'application/vnd.ipld.raw', 'content-location': `/ipfs/${cids.hello}?format=raw`, vary: 'Accept' }),
    },
    {
      name: 'the query wins over Accept',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car' } }),
      status: 200,
      headers: () => ({ 'content-type': 'application/vnd.ipld.raw' }),
    },
    {
      name: 'quality decides',
      path: () => `/ipfs/${cids.hello}`,
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car;q=0.5, application/vnd.ipld.raw' } }),
      status: 200,
      headers: () => ({ 'content-type': 'application/vnd.ipld.raw' }),
    },
    {
      name: 'a browser gets the file',
      path: () => `/ipfs/${cids.hello}`,
      ask: () => ({ headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }),
      status: 200,
      headers: () => ({ 'content-type': /^text\/plain/ }),
    },
    {
      name: 'a name of one’s own',
      path: () => `/ipfs/${cids.hello}?format=raw&filename=my%20block.bin`,
      status: 200,
      headers: () => ({ 'content-disposition': 'attachment; filename="my block.bin"' }),
    },
    {
      name: 'of a folder',
      path: () => `/ipfs/${cids.site}?format=raw`,
      status: 200,
      body: ({ body }) =>
        assert.equal(
          CID.createV1(0x70, { ...CID.parse(cids.site).multihash }).multihash.digest.toString(),
          createHash('sha256').update(body).digest().join(','),
        ),
    },
    {
      name: 'below a path',
      path: () => `/ipfs/${cids.site}/hello.txt?format=raw`,
      status: 200,
      headers: () => ({ 'x-ipfs-roots': `${cids.site},${cids.hello}`, etag: `"${cids.hello}.raw"` }),
      body: is('hello'),
    },
    {
      name: 'a range',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { range: 'bytes=1-3' } }),
      status: 206,
      headers: () => ({ 'content-range': 'bytes 1-3/5', 'content-length': '3' }),
      body: is('ell'),
    },
    {
      name: 'a suffix',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { range: 'bytes=-2' } }),
      status: 206,
      body: is('lo'),
    },
    { name: 'a range beyond', path: () => `/ipfs/${cids.hello}?format=raw`, ask: () => ({ headers: { range: 'bytes=5-' } }), status: 416 },
    {
      name: 'a range of numbers too large',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { range: `bytes=1-${'9'.repeat(300)}` } }),
      status: 206,
      body: is('ello'),
    },
    ...[() => `"${cids.hello}.raw"`, () => `W/"${cids.hello}.raw"`, () => `"x", W/"${cids.hello}.raw"`, () => '*'].map((tag) => ({
      name: 'what the caller has',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { 'if-none-match': tag() } }),
      status: 304,
      headers: () => ({ etag: `"${cids.hello}.raw"` }),
      body: is(''),
    })),
    {
      name: 'another tag',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { 'if-none-match': `"${cids.hello}"` } }),
      status: 200,
    },
    {
      name: 'the probe',
      path: () => '/ipfs/bafkqaaa?format=raw',
      status: 200,
      headers: () => ({ 'content-length': '0', etag: '"bafkqaaa.raw"' }),
      body: is(''),
    },
    { name: 'the probe with words in it', path: () => '/ipfs/bafkqablimvwgy3y?format=raw', status: 200, body: is('hello') },
    ...(['toV1', 'upper', 'base16', 'base36', 'base58', 'base64'] as const).map((base) => ({
      name: `a CID in ${base}`,
      path: () => {
        const cid = CID.parse(cids.hello).toV1();
        const text = {
          toV1: cid.toString(),
          upper: cid.toString(base32upper),
          base16: cid.toString(base16),
          base36: cid.toString(base36),
          base58: cid.toString(base58btc),
          base64: cid.toString(base64url),
        }[base];
        return `/ipfs/${text}?format=raw`;
      },
      status: 200,
      body: is('hello'),
    })),
    {
      name: 'the CID in mixed case, which base32 does not mind',
      path: () => `/ipfs/${cids.hello.toUpperCase().replace('B', 'b')}?format=raw`,
      status: 200,
    },
    { name: 'a version 0 CID', path: () => `/ipfs/${cids.older}?format=raw`, status: 200, headers: () => ({ 'x-ipfs-roots': cids.older }) },
    { name: 'its version 1', path: () => `/ipfs/${CID.parse(cids.older).toV1().toString()}?format=raw`, status: 200 },
  ]);
});

test('what is not published is not there, whatever its CID, and bad addresses are told so', async () => {
  verifies('drive.ipfs.private');
  const missing = rawBlock('published by nobody').cid.toString();
  const wrong = [
    '',
    'x',
    '..',
    '%2e%2e',
    'bafkrei',
    `${cids.hello}x`,
    `${cids.hello}%00`,
    'b'.repeat(5000),
    'Qm'.padEnd(46, '0'),
    '%20',
    `${cids.hello}%2Fx`,
    'zzzz',
    'f',
    'ipfs',
    '🚀',
  ].map((text) => encodeURI(text).replace(/%25/g, '%'));
  await run([
    { name: 'private content', path: () => `/ipfs/${cids.private}`, status: 404, body: has(/publishes nothing/) },
    { name: 'private content as a block', path: () => `/ipfs/${cids.private}?format=raw`, status: 404 },
    { name: 'private content as a CAR', path: () => `/ipfs/${cids.private}?format=car`, status: 404 },
    {
      name: 'private content as dag-pb',
      path: () => `/ipfs/${CID.createV1(0x70, CID.parse(cids.private).multihash).toString()}?format=raw`,
      status: 404,
    },
    {
      name: 'private content as version 0',
      path: () => `/ipfs/${CID.createV0(Digest.create(0x12, CID.parse(cids.private).multihash.digest)).toString()}?format=raw`,
      status: 404,
    },
    { name: 'content that is nowhere', path: () => `/ipfs/${missing}?format=raw`, status: 404 },
    {
      name: 'only if it is here',
      path: () => `/ipfs/${missing}?format=raw`,
      ask: () => ({ headers: { 'cache-control': 'only-if-cached' } }),
      status: 412,
    },
    {
      name: 'only if it is here, and it is',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ headers: { 'cache-control': 'only-if-cached' } }),
      status: 200,
    },
    { name: 'a name that a folder does not have', path: () => `/ipfs/${cids.site}/nope?format=raw`, status: 404 },
    { name: 'a name below a file', path: () => `/ipfs/${cids.site}/hello.txt/nope`, status: 404 },
    ...['/..', '/%2e%2e', '/..%2f..%2fetc%2fpasswd', '/sub%20dir%2Fdeep', '/hello.txt%00', `/${'a'.repeat(3000)}`, '/a'.repeat(600)].map(
      (path) => ({ name: path.slice(0, 30), path: () => `/ipfs/${cids.site}${path}`, status: 404 }),
    ),
    ...wrong.map((text) => ({ name: `not a CID: ${text.slice(0, 20)}`, path: () => `/ipfs/${text}`, status: 400 })),
    { name: 'an unknown format', path: () => `/ipfs/${cids.hello}?format=zip`, status: 400 },
    { name: 'a record of a CID', path: () => `/ipfs/${cids.hello}?format=ipns-record`, status: 400 },
    { name: 'a key as content', path: () => `/ipfs/${key.name}`, status: 400 },
    { name: 'an unknown codec', path: () => `/ipfs/${CID.createV1(0x78, CID.parse(cids.hello).multihash).toString()}`, status: 400 },
    {
      name: 'a file’s bytes as a folder',
      path: () => `/ipfs/${CID.createV1(0x70, CID.parse(cids.hello).multihash).toString()}`,
      status: 422,
    },
    { name: 'bytes as data', path: () => `/ipfs/${CID.createV1(0x71, CID.parse(cids.hello).multihash).toString()}`, status: 422 },
  ]);
});

test('trustless: CAR', async () => {
  verifies('drive.ipfs.trustless', 'cloud.files.ipfs');
  const site = (query: string) => () => `/ipfs/${cids.site}${query}`;
  await run([
    {
      name: 'all',
      path: site('?format=car'),
      status: 200,
      headers: () => ({
        'content-type': carType,
        'content-disposition': `attachment; filename="${cids.site}.car"`,
        'accept-ranges': 'none',
        'x-content-type-options': 'nosniff',
        'cache-control': immutable,
        etag: /^"/,
      }),
      async body(reply) {
        const blocks = await blocksOf(reply);
        assert.equal(blocks[0], cids.site);
        assert.equal(new Set(blocks).size, blocks.length);
        assert.equal(blocks.length, 16);
        assert.deepEqual((await (await CarReader.fromBytes(reply.body)).getRoots()).map(String), [cids.site]);
      },
    },
    {
      name: 'by Accept',
      path: site(''),
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car; version=1; order=dfs; dups=y' } }),
      status: 200,
      headers: () => ({
        'content-type': carType.replace('=n', '=y'),
        'content-location': `/ipfs/${cids.site}?format=car&car-version=1&car-order=dfs&car-dups=y`,
      }),
    },
    { name: 'unknown order', path: site('?format=car&car-order=unk'), status: 200, headers: () => ({ 'content-type': carType }) },
    {
      name: 'the query wins over Accept',
      path: site('?format=car&car-dups=n'),
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car; dups=y' } }),
      status: 200,
      headers: () => ({ 'content-type': carType }),
    },
    {
      name: 'the first variant that is possible',
      path: site(''),
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car; version=2, application/vnd.ipld.car; dups=y; q=0.5' } }),
      status: 200,
      headers: () => ({ 'content-type': carType.replace('=n', '=y') }),
    },
    { name: 'version 2', path: site('?format=car&car-version=2'), status: 400 },
    { name: 'another order', path: site('?format=car&car-order=bfs'), status: 400 },
    { name: 'other dups', path: site('?format=car&car-dups=maybe'), status: 400 },
    {
      name: 'version 2 by Accept',
      path: site(''),
      ask: () => ({ headers: { accept: 'application/vnd.ipld.car; version=2' } }),
      status: 406,
    },
    { name: 'one block', path: site('?format=car&dag-scope=block'), status: 200, body: counts(1) },
    { name: 'a folder without what is in it', path: site('?format=car&dag-scope=entity'), status: 200, body: counts(1) },
    { name: 'a file whole', path: site('/large.bin?format=car&dag-scope=entity'), status: 200, body: counts(6) },
    {
      name: 'the proof of the path',
      path: site('/sub%20dir/deep/leaf?format=car&dag-scope=block'),
      status: 200,
      body: async (reply) => assert.deepEqual((await blocksOf(reply)).slice(0, 2), [cids.site, cids.sub]),
    },
    { name: 'bytes of a file', path: site('/large.bin?format=car&entity-bytes=0:10'), status: 200, body: holdsLeaves(0, 1) },
    {
      name: 'bytes of a file, two blocks',
      path: site('/large.bin?format=car&dag-scope=entity&entity-bytes=1048575:1048576'),
      status: 200,
      body: holdsLeaves(0, 2),
    },
    { name: 'bytes to the end', path: site('/large.bin?format=car&entity-bytes=2097152:*'), status: 200, body: holdsLeaves(2, 4) },
    { name: 'bytes from the end', path: site('/large.bin?format=car&entity-bytes=-5:*'), status: 200, body: holdsLeaves(3, 4) },
    {
      name: 'bytes between two from the end',
      path: site('/large.bin?format=car&entity-bytes=-10:-6'),
      status: 200,
      body: holdsLeaves(2, 3),
    },
    { name: 'bytes past the end', path: site('/large.bin?format=car&entity-bytes=3145728:99999999'), status: 200, body: holdsLeaves(3, 4) },
    { name: 'bytes outside', path: site('/large.bin?format=car&entity-bytes=99999999:*'), status: 200, body: counts(2) },
    { name: 'bytes of a folder', path: site('?format=car&entity-bytes=0:10'), status: 200, body: counts(1) },
    ...['x', '1', '1:', ':1', '*:1', '1:2:3', `0:${'9'.repeat(30)}`, '0x1:2'].map((bytes) => ({
      name: `bytes ${bytes}`,
      path: site(`?format=car&entity-bytes=${bytes}`),
      status: 400,
    })),
    { name: 'an unknown scope', path: site('?format=car&dag-scope=everything'), status: 400 },
    { name: 'a path that leads nowhere', path: site('/nope?format=car'), status: 404 },
    {
      name: 'the probe',
      path: () => '/ipfs/bafkqaaa?format=car',
      status: 200,
      body: async (reply) => {
        assert.deepEqual(await blocksOf(reply), []);
        assert.deepEqual((await (await CarReader.fromBytes(reply.body)).getRoots()).map(String), ['bafkqaaa']);
      },
    },
    { name: 'identity CIDs are no blocks', path: () => `/ipfs/${cids.older}?format=car`, status: 200, body: counts(5) },
    { name: 'DAG-CBOR is followed', path: () => `/ipfs/${cids.cbor}?format=car`, status: 200, body: counts(5) },
    { name: 'DAG-CBOR on the way', path: () => `/ipfs/${cids.cbor}/down/link?format=car`, status: 200, body: counts(2) },
    { name: 'a range does not count', path: site('?format=car'), ask: () => ({ headers: { range: 'bytes=0-10' } }), status: 200 },
    {
      name: 'bytes that are here of a file that is not',
      path: () => `/ipfs/${cids.partial}?format=car&entity-bytes=10:*`,
      status: 200,
      body: counts(2),
    },
  ]);
  const etags = await Promise.all(
    ['', '&dag-scope=block', '&dag-scope=entity', '&entity-bytes=0:1', '&car-dups=y'].map(
      async (more) => (await ask(`/ipfs/${cids.large}?format=car${more}`)).headers.etag,
    ),
  );
  assert.equal(new Set(etags).size, 5, 'each has a tag of its own');
  assert.equal((await ask(`/ipfs/${cids.large}?format=car`, { headers: { 'if-none-match': String(etags[0]) } })).status, 304);
  await assert.rejects(
    ask(`/ipfs/${cids.partial}?format=car`),
    /aborted|hang up|ECONNRESET/,
    'what cannot be sent whole ends in the middle',
  );
});

test('names of keys: records and what they lead to', async () => {
  verifies('drive.ipfs.trustless', 'drive.ipfs.gateway');
  const ttl = 'public, max-age=1800';
  const record = ipnsRecord(key, { value: `/ipfs/${cids.site}`, ttl: 1800 });
  await run([
    {
      name: 'the record',
      path: () => `/ipns/${key.name}?format=ipns-record`,
      status: 200,
      headers: () => ({
        'content-type': 'application/vnd.ipfs.ipns-record',
        'cache-control': ttl,
        'content-disposition': /^attachment/,
        'x-content-type-options': 'nosniff',
      }),
      body: is(record),
    },
    {
      name: 'the record by Accept',
      path: () => `/ipns/${key.peerId}`,
      ask: () => ({ headers: { accept: 'application/vnd.ipfs.ipns-record' } }),
      status: 200,
      body: is(record),
    },
    { name: 'no paths below a record', path: () => `/ipns/${key.name}/x?format=ipns-record`, status: 400 },
    {
      name: 'the other spelling',
      path: () => `/ipns/${key.peerId}/hello.txt?download=true`,
      status: 301,
      headers: () => ({ location: `/ipns/${key.name}/hello.txt?download=true` }),
    },
    {
      name: 'a file',
      path: () => `/ipns/${key.name}/hello.txt`,
      status: 200,
      headers: () => ({ 'cache-control': ttl, 'x-ipfs-path': `/ipns/${key.name}/hello.txt`, 'x-ipfs-roots': `${cids.site},${cids.hello}` }),
      body: is('hello'),
    },
    { name: 'a folder', path: () => `/ipns/${key.name}/sub%20dir/`, status: 200, headers: () => ({ 'cache-control': ttl }) },
    {
      name: 'a block',
      path: () => `/ipns/${key.name}/hello.txt?format=raw`,
      status: 200,
      headers: () => ({ 'cache-control': ttl }),
      body: is('hello'),
    },
    { name: 'a name that nobody brought', path: () => `/ipns/${ipnsKey().name}`, status: 404 },
    { name: 'a record that nobody brought', path: () => `/ipns/${ipnsKey().name}?format=ipns-record`, status: 404 },
    { name: 'the name of a domain', path: () => '/ipns/example.org', status: 400, body: has(/domains are not looked up/) },
    { name: 'content as a key', path: () => `/ipns/${cids.hello}`, status: 400 },
  ]);
  const forged = ipnsRecord(key, {
    value: `/ipfs/${cids.private}`,
    sequence: 9,
    change: ({ outer }) => void outer.set(8, Buffer.alloc(64)),
  });
  assert.equal((await alice.fetch(`/api/ipns/${key.name}`, { method: 'PUT', body: forged })).status, 400);
  assert.equal((await alice.fetch(`/api/ipns/${key.name}`, { method: 'PUT', body: Buffer.alloc(11_000) })).status, 413);
  assert.equal((await ask(`/api/ipns/${key.name}`, { method: 'PUT' })).status, 401);
  const { records } = await expectJson(await alice.fetch('/api/ipns'));
  assert.deepEqual(records, [
    { name: key.name, value: `/ipfs/${cids.site}`, sequence: '1', ttl: 1_800_000, validUntil: 4_000_000_000_000 },
  ]);
});

test('by path: files, folders and data', async () => {
  verifies('drive.ipfs.gateway', 'drive.ipfs.origin');
  const site = (path: string) => () => `/ipfs/${cids.site}${path}`;
  const sandboxed = /^sandbox; default-src 'none'/;
  await run([
    {
      name: 'a file',
      path: site('/hello.txt'),
      status: 200,
      headers: () => ({
        'content-type': 'text/plain; charset=utf-8',
        'content-length': '5',
        etag: `"${cids.hello}"`,
        'cache-control': immutable,
        'x-ipfs-path': `/ipfs/${cids.site}/hello.txt`,
        'x-ipfs-roots': `${cids.site},${cids.hello}`,
        'content-disposition': undefined,
        'content-security-policy': sandboxed,
      }),
      body: is('hello'),
    },
    {
      name: 'a file by its own CID',
      path: () => `/ipfs/${cids.hello}`,
      status: 200,
      headers: () => ({ 'content-type': 'text/plain; charset=utf-8' }),
      body: is('hello'),
    },
    {
      name: 'a file of several blocks',
      path: site('/large.bin'),
      status: 200,
      headers: () => ({ 'content-length': String(large.length) }),
      body: is(large),
    },
    { name: 'a picture by its bytes', path: site('/picture'), status: 200, headers: () => ({ 'content-type': 'image/png' }) },
    { name: 'text by its bytes', path: site('/noext'), status: 200, headers: () => ({ 'content-type': 'text/plain; charset=utf-8' }) },
    {
      name: 'a picture that could run',
      path: site('/image.svg'),
      status: 200,
      headers: () => ({ 'content-type': /^image\/svg/, 'content-security-policy': sandboxed }),
    },
    {
      name: 'a name that is not ASCII',
      path: site('/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9%20100%25.txt'),
      status: 200,
      headers: () => ({ 'x-ipfs-path': `/ipfs/${cids.site}/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9%20100%25.txt` }),
      body: is('unicode'),
    },
    {
      name: 'a range over two blocks',
      path: site('/large.bin'),
      ask: () => ({ headers: { range: 'bytes=1048570-1048585' } }),
      status: 206,
      headers: () => ({ 'content-range': `bytes 1048570-1048585/${large.length}` }),
      body: is(large.subarray(1048570, 1048586)),
    },
    {
      name: 'the last bytes',
      path: site('/large.bin'),
      ask: () => ({ headers: { range: 'bytes=-7' } }),
      status: 206,
      body: is(large.subarray(-7)),
    },
    {
      name: 'a range from somewhere',
      path: site('/large.bin'),
      ask: () => ({ headers: { range: 'bytes=3145720-' } }),
      status: 206,
      body: is(large.subarray(3145720)),
    },
    {
      name: 'several ranges are answered whole',
      path: site('/hello.txt'),
      ask: () => ({ headers: { range: 'bytes=0-1,3-4' } }),
      status: 200,
      body: is('hello'),
    },
    { name: 'a range beyond', path: site('/hello.txt'), ask: () => ({ headers: { range: 'bytes=9-' } }), status: 416 },
    {
      name: 'a range of an older version',
      path: site('/hello.txt'),
      ask: () => ({ headers: { range: 'bytes=0-1', 'if-range': '"other"' } }),
      status: 200,
      body: is('hello'),
    },
    {
      name: 'a range of this version',
      path: site('/hello.txt'),
      ask: () => ({ headers: { range: 'bytes=0-1', 'if-range': `"${cids.hello}"` } }),
      status: 206,
      body: is('he'),
    },
    {
      name: 'a range whose blocks are here, of a file whose others are not',
      path: () => `/ipfs/${cids.partial}`,
      ask: () => ({ headers: { range: 'bytes=12-14' } }),
      status: 206,
      body: is('cde'),
    },
    {
      name: 'what the caller has',
      path: site('/hello.txt'),
      ask: () => ({ headers: { 'if-none-match': `W/"${cids.hello}"` } }),
      status: 304,
    },
    {
      name: 'another name',
      path: () => `/ipfs/${cids.hello}?filename=t%C3%A9st.html`,
      status: 200,
      headers: () => ({
        'content-type': 'text/html; charset=utf-8',
        'content-disposition': `inline; filename="t_st.html"; filename*=UTF-8''t%C3%A9st.html`,
        'content-security-policy': sandboxed,
      }),
    },
    {
      name: 'a download',
      path: site('/hello.txt?download=true&filename=x.txt'),
      status: 200,
      headers: () => ({ 'content-disposition': 'attachment; filename="x.txt"' }),
    },
    {
      name: 'a name that tries a header',
      path: () => `/ipfs/${cids.hello}?filename=a%0d%0aset-cookie:%20x&download=true`,
      status: 200,
      headers: () => ({ 'content-disposition': /^attachment; filename="a__set-cookie: x"; filename\*=/ }),
    },
    {
      name: 'a folder without its slash',
      path: site('/sub%20dir?x=1'),
      status: 301,
      headers: () => ({ location: `/ipfs/${cids.site}/sub%20dir/?x=1` }),
    },
    { name: 'the root without its slash', path: site(''), status: 301, headers: () => ({ location: `/ipfs/${cids.site}/` }) },
    {
      name: 'its index',
      path: site('/'),
      status: 200,
      headers: () => ({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': sandboxed, 'cache-control': immutable }),
      body: is(page),
    },
    {
      name: 'a folder as a page',
      path: site('/sub%20dir/'),
      status: 200,
      headers: () => ({
        'content-type': 'text/html; charset=utf-8',
        etag: `"DirIndex-1_CID-${cids.sub}"`,
        'cache-control': /^public, max-age=604800/,
        'content-security-policy': sandboxed,
      }),
      body: ({ body }) => {
        assert.match(body.toString(), /href="[^"]*\/sub%20dir\/a%3Cb%3E%26\.txt">a&#60;b&#62;&#38;\.txt</);
        assert.match(body.toString(), />\.\.</);
      },
    },
    {
      name: 'the page of a root leads nowhere up',
      path: () => `/ipfs/${cids.sub}/`,
      status: 200,
      body: ({ body }) => assert.doesNotMatch(body.toString(), />\.\.</),
    },
    {
      name: 'a page that the caller has',
      path: site('/sub%20dir/'),
      ask: () => ({ headers: { 'if-none-match': `"DirIndex-1_CID-${cids.sub}"` } }),
      status: 304,
    },
    { name: 'a symbolic link', path: () => `/ipfs/${cids.older}/link`, status: 200, body: is('hello.txt') },
    { name: 'a file of version 0', path: () => `/ipfs/${cids.older}/hello.txt`, status: 200, body: is('Hello, older world') },
    { name: 'a file through DAG-CBOR', path: () => `/ipfs/${cids.cbor}/file`, status: 200, body: is('Hello, older world') },
    { name: 'a link in a list', path: () => `/ipfs/${cids.cbor}/list/1`, status: 200, body: is('Hello, older world') },
    { name: 'a value that is no link', path: () => `/ipfs/${cids.cbor}/name`, status: 501 },
    { name: 'a key that is not there', path: () => `/ipfs/${cids.cbor}/nope`, status: 404 },
    { name: 'a key of every object', path: () => `/ipfs/${cids.cbor}/constructor`, status: 404 },
    {
      name: 'DAG-CBOR as it is stored',
      path: () => `/ipfs/${cids.cbor}?format=dag-cbor`,
      status: 200,
      headers: () => ({
        'content-type': 'application/vnd.ipld.dag-cbor',
        'content-disposition': /^attachment; filename="\w+\.cbor"/,
        etag: `"${cids.cbor}.dag-cbor"`,
      }),
    },
    {
      name: 'DAG-CBOR as CBOR',
      path: () => `/ipfs/${cids.cbor}?format=cbor`,
      status: 200,
      headers: () => ({ 'content-type': 'application/cbor' }),
    },
    { name: 'DAG-CBOR is not made JSON', path: () => `/ipfs/${cids.cbor}?format=dag-json`, status: 406 },
    { name: 'a file is not made JSON', path: () => `/ipfs/${cids.hello}?format=json`, status: 406 },
    { name: 'a folder is not made DAG-CBOR', path: site('?format=dag-cbor'), status: 406 },
    {
      name: 'DAG-JSON as it is stored',
      path: () => `/ipfs/${cids.json}`,
      ask: () => ({ headers: { accept: 'application/vnd.ipld.dag-json' } }),
      status: 200,
      headers: () => ({
        'content-type': 'application/vnd.ipld.dag-json',
        'content-disposition': /^inline/,
        'content-location': `/ipfs/${cids.json}?format=dag-json`,
      }),
    },
    {
      name: 'DAG-JSON as JSON',
      path: () => `/ipfs/${cids.json}?format=json`,
      status: 200,
      headers: () => ({ 'content-type': 'application/json' }),
      body: has(/"hello":"world"/),
    },
    {
      name: 'a link in DAG-JSON',
      path: () => `/ipfs/${cids.json}/link`,
      status: 200,
      headers: () => ({ 'content-type': 'application/vnd.ipld.dag-cbor' }),
    },
    {
      name: 'data for people',
      path: () => `/ipfs/${cids.cbor}`,
      ask: () => ({ headers: { accept: 'text/html' } }),
      status: 200,
      headers: () => ({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': sandboxed }),
      body: has(/&#34;name&#34;: &#34;data&#34;/),
    },
    {
      name: 'a tar file',
      path: site('/sub%20dir?format=tar'),
      status: 200,
      headers: () => ({ 'content-type': 'application/x-tar', etag: `W/"${cids.sub}.x-tar"`, 'content-disposition': /sub dir\.tar/ }),
      body: ({ body }) => {
        assert.equal(body.length % 512, 0);
        assert.match(body.toString('latin1'), /a<b>&\.txt/);
      },
    },
    { name: 'a service worker', path: site('/index.html'), ask: () => ({ headers: { 'service-worker': 'script' } }), status: 400 },
    {
      name: 'the address bar',
      path: () => `/ipfs/?uri=${encodeURIComponent(`ipfs://${cids.hello}/x y`)}`,
      status: 301,
      headers: () => ({ location: `/ipfs/${cids.hello}/x%20y` }),
    },
    {
      name: 'the address bar with a name',
      path: () => `/ipfs/?uri=ipns%3A%2F%2F${key.name}`,
      status: 301,
      headers: () => ({ location: `/ipns/${key.name}` }),
    },
    { name: 'the address bar with something else', path: () => '/ipfs/?uri=https%3A%2F%2Fevil.example', status: 400 },
    {
      name: 'the question before a call',
      path: site('/hello.txt'),
      ask: () => ({ method: 'OPTIONS', headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' } }),
      status: 200,
      headers: () => ({
        'access-control-allow-methods': 'GET, HEAD, OPTIONS',
        'access-control-allow-headers': /Range/,
        'access-control-expose-headers': /X-Ipfs-Roots/,
      }),
    },
  ]);
});

test('by host: every site has an origin of its own, with its own redirects', async () => {
  verifies('drive.ipfs.gateway', 'drive.ipfs.origin');
  const { port } = new URL(node.url);
  const at =
    (cid: () => string, space = 'ipfs', gateway = `localhost:${port}`) =>
    () => ({ host: `${cid()}.${space}.${gateway}` });
  const site = at(() => cids.site);
  const rules = at(() => cids.redirects);
  await run([
    {
      name: 'the page may run',
      path: () => '/',
      ask: site,
      status: 200,
      headers: () => ({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': undefined,
        'x-ipfs-path': `/ipfs/${cids.site}/`,
      }),
      body: is(page),
    },
    { name: 'a file', path: () => '/hello.txt', ask: site, status: 200, body: is('hello') },
    { name: 'a folder', path: () => '/sub%20dir', ask: site, status: 301, headers: () => ({ location: '/sub%20dir/' }) },
    { name: 'the page of a folder', path: () => '/sub%20dir/', ask: site, status: 200, body: has(/href="\/sub%20dir\/a%3Cb/) },
    { name: 'a path that looks like the gateway', path: () => `/ipfs/${cids.hello}`, ask: site, status: 404 },
    {
      name: 'a service worker',
      path: () => '/index.html',
      ask: () => ({ ...site(), headers: { 'service-worker': 'script' } }),
      status: 200,
    },
    { name: 'a block', path: () => '/?format=raw', ask: site, status: 200, headers: () => ({ etag: `"${cids.site}.raw"` }) },
    {
      name: 'a configured host',
      path: () => '/hello.txt',
      ask: at(() => cids.site, 'ipfs', 'pages.example.net'),
      status: 200,
      body: is('hello'),
    },
    { name: 'capitals', path: () => '/hello.txt', ask: () => ({ host: site().host.toUpperCase() }), status: 200 },
    {
      name: 'another base',
      path: () => '/hello.txt?x=1',
      ask: at(() => CID.parse(cids.site).toString(base36)),
      status: 301,
      headers: () => ({ location: `http://${cids.site}.ipfs.localhost:${port}/hello.txt?x=1` }),
    },
    { name: 'not a CID', path: () => '/', ask: at(() => 'nope'), status: 400 },
    { name: 'private content', path: () => '/', ask: at(() => cids.private), status: 404 },
    {
      name: 'a name',
      path: () => '/hello.txt',
      ask: at(() => key.name, 'ipns'),
      status: 200,
      headers: () => ({ 'cache-control': 'public, max-age=1800' }),
      body: is('hello'),
    },
    { name: 'a name that nobody brought', path: () => '/', ask: at(() => ipnsKey().name, 'ipns'), status: 404 },
    { name: 'a domain', path: () => '/', ask: at(() => 'en-wikipedia--on--ipfs-org', 'ipns'), status: 400 },
    {
      name: 'by path on a gateway',
      path: () => `/ipfs/${cids.site}/hello.txt?x=1`,
      ask: () => ({ host: 'pages.example.net' }),
      status: 301,
      headers: () => ({ location: `http://${cids.site}.ipfs.pages.example.net/hello.txt?x=1` }),
    },
    {
      name: 'by path on a gateway behind TLS',
      path: () => `/ipfs/${cids.older}`,
      ask: () => ({ host: 'pages.example.net', headers: { 'x-forwarded-proto': 'https' } }),
      status: 301,
      headers: () => ({ location: `https://${CID.parse(cids.older).toV1().toString()}.ipfs.pages.example.net/` }),
    },
    {
      name: 'by path, with the host from a proxy',
      path: () => `/ipfs/${cids.site}/`,
      ask: () => ({ headers: { 'x-forwarded-host': 'pages.example.net', 'x-forwarded-proto': 'https' } }),
      status: 301,
      headers: () => ({ location: `https://${cids.site}.ipfs.pages.example.net/` }),
    },
    {
      name: 'by path, with an unknown host from a proxy',
      path: () => `/ipfs/${cids.hello}`,
      ask: () => ({ headers: { 'x-forwarded-host': 'evil.example' } }),
      status: 200,
    },
    {
      name: 'a name by path on a gateway',
      path: () => `/ipns/${key.peerId}/`,
      ask: () => ({ host: 'pages.example.net' }),
      status: 301,
      headers: () => ({ location: `http://${key.name}.ipns.pages.example.net/` }),
    },
    {
      name: 'a page on localhost',
      path: () => `/ipfs/${cids.site}/`,
      ask: () => ({ host: `localhost:${port}`, headers: { accept: 'text/html' } }),
      status: 301,
      headers: () => ({ location: `http://${cids.site}.ipfs.localhost:${port}/` }),
    },
    {
      name: 'a program on localhost',
      path: () => `/ipfs/${cids.hello}?format=raw`,
      ask: () => ({ host: `localhost:${port}` }),
      status: 200,
    },
    {
      name: 'too long for a host',
      path: () =>
        `/ipfs/${CID.createV1(0x55, { ...CID.parse('bafkqaaa').multihash, digest: new Uint8Array(60), size: 60, bytes: Uint8Array.of(0, 60, ...new Uint8Array(60)) }).toString()}`,
      ask: () => ({ host: 'pages.example.net' }),
      status: 400,
    },
    { name: 'moved', path: () => '/moved', ask: rules, status: 301, headers: () => ({ location: '/one.html' }) },
    { name: 'moved for now', path: () => '/temporary', ask: rules, status: 302, headers: () => ({ location: '/one.html' }) },
    {
      name: 'with placeholders',
      path: () => '/posts/2026/hello%20world',
      ask: rules,
      status: 307,
      headers: () => ({ location: '/archive/hello%20world?y=2026' }),
    },
    { name: 'with the rest of the path', path: () => '/old/a/b', ask: rules, status: 308, headers: () => ({ location: '/new/a/b' }) },
    { name: 'out', path: () => '/out', ask: rules, status: 303, headers: () => ({ location: 'https://example.org/x' }) },
    { name: 'rewritten', path: () => '/app/anything', ask: rules, status: 200, body: is('home') },
    { name: 'gone', path: () => '/gone', ask: rules, status: 410, body: is('custom not found') },
    { name: 'not for legal reasons', path: () => '/legal', ask: rules, status: 451, body: is('custom not found') },
    {
      name: 'not found',
      path: () => '/nope',
      ask: rules,
      status: 404,
      headers: () => ({ 'content-type': /^text\/html/ }),
      body: is('custom not found'),
    },
    { name: 'what exists comes before the rules', path: () => '/one.html', ask: rules, status: 200, body: is('page one') },
    { name: 'no rules for a block', path: () => '/moved?format=raw', ask: rules, status: 404 },
    { name: 'no rules by path', path: () => `/ipfs/${cids.redirects}/moved`, status: 404 },
    { name: 'rules that are none', path: () => '/nope', ask: at(() => cids.badRedirects), status: 500, body: has(/line 1/) },
    { name: 'rules that are none, where they are not needed', path: () => '/one.html', ask: at(() => cids.badRedirects), status: 200 },
    { name: 'rules too large', path: () => '/nope', ask: at(() => cids.hugeRedirects), status: 500, body: has(/at most/) },
  ]);
});

test('a gateway host reaches nothing but the gateway, and the gateway lies on no other path', async () => {
  verifies('drive.ipfs.origin');
  const { port } = new URL(node.url);
  const hosts = [
    `${cids.site}.ipfs.localhost:${port}`,
    'pages.example.net',
    `${cids.site}.ipfs.pages.example.net`,
    `${key.name}.ipns.localhost:${port}`,
  ];
  for (const host of hosts) {
    for (const { method, path } of node.routes) {
      // The question before a call is answered alike everywhere, and says nothing.
      if (method === 'OPTIONS' || (/^\/ip[fn]s/.test(path) && host === 'pages.example.net')) continue;
      const reply = await ask(path.replace(/:\w+/g, 'x').replace(/\*$/, 'x'), {
        host,
        method: method === 'ANY' ? 'GET' : method,
        headers: { authorization: `Bearer ${alice.token}`, cookie: `freehold_session=${alice.token}` },
      });
      assert.ok(reply.status === 404 || reply.status === 405 || reply.status === 400, `${method} ${path} at ${host}: ${reply.status}`);
      assert.doesNotMatch(reply.body.toString(), new RegExp(alice.address, 'i'));
    }
    assert.equal((await ask('/', { host })).body.includes('id="root"'), false);
  }
  for (const path of [
    '/../api/node',
    '/%2e%2e/api/node',
    '//api/node',
    '/..%2fapi/node',
    '/./../../api/node',
    '/.site/../api/node',
    '/;/api/node',
    '/\\\\api/node',
    '/%2fapi%2fnode',
  ])
    for (const host of hosts) {
      const reply = await ask(path, { host });
      assert.ok(reply.status >= 400 && reply.status < 500, `${path} at ${host}: ${reply.status}`);
      assert.doesNotMatch(reply.body.toString(), /"claimed"/);
    }
  for (const path of ['/.site/', `/.site/ipfs/${cids.hello}`, '/.nowhere/api/node']) assert.equal((await ask(path)).status, 404, path);
  for (const host of [
    'evil.example',
    'ipfs.localhost',
    `x.ipfs.evil.example`,
    `${cids.site}.ipfs.localhost.evil.example`,
    `${cids.site}.ipfs.localhost.`,
    `a.${cids.site}.ipfs.localhost`,
    `.ipfs.localhost`,
    'x.localhost',
    'x.pages.example.net',
  ])
    assert.equal((await ask('/', { host })).status, 421, host);
  const page404 = await ask('/api/events', {
    host: hosts[0] ?? '',
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      authorization: `Bearer ${alice.token}`,
    },
  });
  assert.ok(page404.status >= 400, 'events are not told to sites');
  const crossing = await ask(`/api/drive/root`, {
    host: `localhost:${port}`,
    headers: { origin: `http://${hosts[0]}`, authorization: `Bearer ${alice.token}` },
  });
  assert.equal(crossing.headers['access-control-allow-origin'], undefined, 'a site may not read what the node says');
});

test('publishing over HTTP: publish, list, take back', async () => {
  verifies('drive.ipfs.publish', 'drive.ipfs.private', 'drive.ipfs.car');
  const { id, cid } = await upload(root, 'once.txt', 'published once');
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/entries/${id}/cid`)), { cid });
  const made = await publish(id);
  assert.equal(made.root, cid);
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/publications?entry=${id}`)), { publications: [made], next: null });
  assert.deepEqual(await expectJson(await alice.fetch(`/api/drive/publications/${made.id}`)), made);
  const { publications, next } = await expectJson(await alice.fetch('/api/drive/publications?limit=2'));
  assert.equal(publications.length, 2);
  assert.equal((await expectJson(await alice.fetch(`/api/drive/publications?limit=2&after=${next}`))).publications.length, 2);
  assert.equal((await ask(`/ipfs/${cid}`)).body.toString(), 'published once');
  const car = await alice.fetch(`/api/drive/entries/${root}/car`);
  assert.equal(car.status, 200);
  assert.match(car.headers.get('content-disposition') ?? '', /drive\.car/);
  const exported = Buffer.from(await car.arrayBuffer());
  const taken = await expectJson(await alice.fetch(`/api/drive/cars?parent=${root}&name=copy`, { method: 'POST', body: exported }));
  assert.equal(taken.root, taken.cid);
  assert.ok(taken.files > 20);
  assert.equal((await ask(`/ipfs/${taken.cid}`)).status, 404, 'taking in is not publishing');
  assert.equal((await alice.fetch(`/api/drive/publications/${made.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await ask(`/ipfs/${cid}`)).status, 404);
  assert.equal((await alice.fetch(`/api/drive/publications/${made.id}`)).status, 404);
  assert.equal((await alice.fetch(`/api/drive/cars?parent=${root}`, { method: 'POST', body: 'no car' })).status, 400);
});
