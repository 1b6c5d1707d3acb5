import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { rawBlock } from '../../../../drive/src/testing/car.ts';
import { CID, Digest } from '../../../../drive/src/testing/ipld.ts';
import { has, is, run } from './testing/checks.ts';
import { cids, closePublished, immutable, key, large, openPublished, page } from './testing/published.ts';

before(openPublished);
after(closePublished);

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
