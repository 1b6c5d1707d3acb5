import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { base36, CID } from '../../../../drive/src/testing/ipld.ts';
import { ipnsKey } from '../../../../drive/src/testing/ipns.ts';
import { has, is, run } from './testing/checks.ts';
import { alice, ask, cids, closePublished, key, node, openPublished, page } from './testing/published.ts';

before(openPublished);
after(closePublished);

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
