import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { base16, base32upper, base36, base58btc, base64url, CarReader, CID } from '../../../../drive/src/testing/ipld.ts';
import { ipnsKey, ipnsRecord } from '../../../../drive/src/testing/ipns.ts';
import { expectJson } from '../../testing/test-node.ts';
import { blocksOf, carType, counts, has, holdsLeaves, is, raw, run } from './testing/checks.ts';
import { alice, ask, cids, closePublished, immutable, key, openPublished } from './testing/published.ts';

before(openPublished);
after(closePublished);

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
