import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { rawRequest } from './testing/raw-request.ts';
import { sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

/** What differs from one answer to the next. */
const passing = new Set(['date', 'x-request-id', 'x-freehold-task', 'x-os402-task', 'x-freehold-receipt']);

describe('calls that go past Fastify', () => {
  let node: TestNode;
  let owner: Person;

  before(async () => {
    node = await startTestNode();
    owner = await node.signIn();
    await sell(node, owner, { program: arithmetic, name: 'sum', amount: '0' });
    await sell(node, owner, { program: arithmetic, name: 'kept', amount: '0', deterministic: true });
    await sell(node, owner, { program: arithmetic, name: 'dear' });
  });
  after(() => node?.end());

  test('are answered and refused word for word as through it', async () => {
    verifies('compute.front');
    const bearer = { authorization: `Bearer ${owner.token}` };
    const asked: [path: string, options?: Parameters<typeof rawRequest>[1]][] = [
      ['/sum.cgi/add?a=6&b=7'],
      ['/sum.cgi/add?a=6&b=7', { method: 'HEAD' }],
      ['/sum.cgi/add?a=6&b=7', { method: 'OPTIONS' }],
      ['/sum.cgi/add?a=6&b=7', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain; charset=utf-8' } }],
      ['/sum.cgi/add?a=6&b=7', { method: 'POST', body: 'x', headers: { 'content-type': 'nonsense' } }],
      ['/sum.cgi/add?a=6&b=7', { method: 'PROPFIND' }],
      ['/sum.cgi/add?a=6&b=7', { headers: { prefer: 'receipt' } }],
      ['/sum.cgi/add?a=6&b=7', { headers: { connection: 'close' } }],
      ['/sum.cgi/add?a=6'],
      ['/sum.cgi/none'],
      ['/sum.cgi'],
      ['/sum.tool'],
      ['/kept.cgi/add?a=1&b=2'],
      ['/kept.cgi/add?a=1&b=2'],
      ['/kept.cgi/add?a=1&b=2', { headers: { 'cache-control': 'no-store' } }],
      ['/dear.cgi/add?a=1&b=2'],
      ['/dear.cgi/add?a=1&b=2', { headers: { accept: 'application/problem+json' } }],
      ['/dear.cgi/add?a=1&b=2', { headers: { 'payment-signature': 'bm9uc2Vuc2U=' } }],
      ['/dear.cgi/add?a=1&b=2', { headers: bearer }],
      ['/dear.cgi/add?a=1&b=2', { headers: { authorization: 'Bearer fs_nobody' } }],
      ['/sum.cgi/add?a=6&b=7', { headers: { host: 'elsewhere.example' } }],
      ['/sum.cgi/add?a=6&b=7', { headers: { host: 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e.ipfs.localhost' } }],
      ['/nothing.cgi/add'],
    ];
    for (const [path, options] of asked) {
      const [short, long] = [
        await rawRequest(`${node.url}${path}`, options),
        // The same name, but it has to be decoded.
        await rawRequest(`${node.url}${path.replace(/^\/(.)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`)}`, options),
      ];
      const said = JSON.stringify([path, options]);
      assert.equal(short.status, long.status, said);
      assert.deepEqual(lasting(short.headers), lasting(long.headers), said);
      assert.match(String(short.headers['x-request-id']), /^[0-9a-f-]{36}$/);
      assert.equal(withoutIds(short.body), withoutIds(long.body), said);
    }
  });

  test('are logged and counted as all others', async () => {
    verifies('compute.front');
    const count = async () => {
      const text = (await rawRequest(`${node.url}/metrics`)).body.toString();
      return Number(
        /^http_request_duration_seconds_count\{route="\/:offer.cgi\/\*",method="GET",status="200"\} (\d+)$/m.exec(text)?.[1] ?? 0,
      );
    };
    const before = await count();
    await rawRequest(`${node.url}/sum.cgi/add?a=6&b=7`);
    await rawRequest(`${node.url}/kept.cgi/add?a=1&b=2`);
    assert.equal((await count()) - before, 2);
  });

  test('keep their order on one connection, and two names of the host end it', async () => {
    verifies('compute.front');
    const head = (rest: string) => `GET /kept.cgi/add?${rest} HTTP/1.1\r\nHost: ${new URL(node.url).host}\r\n`;
    const text = await spoken(`${head('a=1&b=2')}\r\n${head('a=3&b=4')}\r\n${head('a=1&b=2')}Connection: close\r\n\r\n`);
    assert.deepEqual(text.match(/^\d+\n/gm), ['3\n', '7\n', '3\n']);
    const doubled = await spoken(`${head('a=1&b=2')}Host: elsewhere.example\r\nConnection: close\r\n\r\n`);
    assert.match(doubled, /^HTTP\/1.1 400 .*exactly once/s);
  });

  function spoken(bytes: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    socket.on('end', () => resolve(text)).on('error', reject);
    return promise;
  }
});

/** The terms of a payment name the address as it was written. */
const lasting = ({ 'payment-required': terms, 'content-length': length, ...headers }: IncomingHttpHeaders) =>
  Object.fromEntries([
    ...Object.entries(headers).filter(([name]) => !passing.has(name)),
    typeof terms === 'string' ? ['payment-required', withoutIds(Buffer.from(terms, 'base64'))] : ['content-length', length],
  ]);
/** Bodies without what names the request, and without the name as it was written. */
const withoutIds = (body: Buffer) =>
  body
    .toString()
    .replaceAll(/"requestId":"[0-9a-f-]{36}"/g, '')
    .replaceAll(/\/%[0-9a-f]{2}/g, (code) => `/${String.fromCharCode(Number.parseInt(code.slice(2), 16))}`);
