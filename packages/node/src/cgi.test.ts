import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeReceipt, defaultLimits, paymentSignatureHeader, receiptHeader, type OfferSummary } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { rawRequest } from './testing/raw-request.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

const withoutCompiler = (() => {
  try {
    return execFileSync('cc', ['--version']).length === 0;
  } catch {
    return 'no C compiler (cc) on this machine';
  }
})();

describe('CGI over HTTP', { skip: withoutCompiler }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-cgi-'));
  let node: TestNode;
  let seller: Person;
  let program: Buffer;
  let free: OfferSummary;
  let paid: OfferSummary;

  before(async () => {
    node = await startTestNode();
    seller = await node.signIn();
    const source = fileURLToPath(new URL('../../compute/src/testing/cgi/case.c', import.meta.url));
    execFileSync('cc', ['-O1', '-Wall', '-static', '-o', join(directory, 'case'), source]);
    program = readFileSync(join(directory, 'case'));
    const vary = ['accept-language', 'authorization', 'cookie', 'host', 'x-case', 'proxy', 'payment-signature'];
    free = await sell(node, seller, { program, name: 'case', amount: '0', vary, limits: { ...defaultLimits, inputBytes: 8_000_000 } });
    paid = await sell(node, seller, { program, name: 'case-paid' });
  });
  after(async () => {
    await node?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const environmentOf = (body: Buffer) =>
    new Map(
      body
        .toString()
        .trim()
        .split('\n')
        .map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
    );
  const tasks = async (): Promise<{ id: string; offer: string; state: string; reason: string | null }[]> =>
    (await expectJson(await seller.fetch('/api/tasks?limit=5'))).tasks;

  type Task = Awaited<ReturnType<typeof tasks>>[number];
  /** The newest such task, once it has ended. */
  async function taskThat(fits: (task: Task) => boolean): Promise<Task | undefined> {
    for (let tries = 0; tries < 200; tries++) {
      const found = (await tasks()).find(fits);
      if (found && found.state !== 'running') return found;
      await delay(50);
    }
    return undefined;
  }

  test('an answer goes out while the program writes it, and what is known at its end comes in trailers', async () => {
    verifies('compute.cgi.streaming');
    const answer = await rawRequest(`${free.url}/stream?800`, { headers: { prefer: 'receipt' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['transfer-encoding'], 'chunked');
    assert.deepEqual(
      answer.pieces.map(({ text }) => text),
      ['first\n', 'second\n'],
    );
    assert.ok((answer.pieces[1]?.ms ?? 0) > 400, JSON.stringify(answer.pieces));
    const id = /id=(\S+)/.exec(answer.trailers['x-freehold-task'] ?? '')?.[1];
    const { receipt } = decodeReceipt(answer.trailers[receiptHeader] ?? '');
    assert.equal(receipt.task, id);
    assert.equal((await tasks())[0]?.id, id);
  });

  test('a program that ends at once has its length and receipt in front', async () => {
    const answer = await rawRequest(`${free.url}/hello`, { headers: { prefer: 'receipt' } });
    assert.equal(answer.headers['content-length'], '6');
    assert.ok(answer.headers[receiptHeader]);
    assert.equal((await rawRequest(`${free.url}/hello`)).headers[receiptHeader], undefined, 'only where it is asked for');
    assert.match(String(answer.headers['x-freehold-task']), /cached=0/);
  });

  test('what is paid for is kept whole before it is charged, and so comes at its end', async () => {
    verifies('compute.cgi.streaming');
    const payer = await node.payer();
    const url = `${paid.url}/stream?200`;
    const { token } = node.info;
    assert.ok(token);
    const answer = await rawRequest(url, { headers: { [paymentSignatureHeader]: await paymentFor(payer, await termsOf(url), token) } });
    assert.equal(answer.headers['content-length'], '13');
    assert.equal(answer.body.toString(), 'first\nsecond\n');
  });

  test('who sells a function calls it free of charge, and so as it is written; with a cookie only from our own pages', async () => {
    verifies('compute.cgi.own');
    const authorization = `Bearer ${seller.token}`;
    const answer = await rawRequest(`${paid.url}/stream?400`, { headers: { authorization, prefer: 'receipt' } });
    assert.deepEqual([answer.status, answer.pieces.length], [200, 2]);
    assert.equal(decodeReceipt(answer.trailers[receiptHeader] ?? '').receipt.amount, '0');
    const cookie = `freehold_session=${seller.token}`;
    const status = async (headers: Record<string, string>) => (await rawRequest(`${paid.url}/hello`, { headers })).status;
    assert.equal(await status({ cookie }), 402);
    assert.equal(await status({ cookie, 'x-requested-by': 'freehold', origin: 'https://evil.example' }), 402);
    assert.equal(await status({ cookie, 'x-requested-by': 'freehold', origin: node.url }), 200);
    const member = await node.letIn(seller, 'member');
    assert.equal(await status({ authorization: `Bearer ${member.token}` }), 402);
    const theirs = await sell(node, member, { program, name: 'theirs' });
    for (const { token } of [member, seller])
      assert.equal((await rawRequest(`${theirs.url}/hello`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
  });

  test('what the seller has called himself others still pay for once', async () => {
    verifies('compute.cgi.own');
    const sure = await sell(node, seller, { program, name: 'sure', deterministic: true });
    const own = () => rawRequest(`${sure.url}/hello`, { headers: { authorization: `Bearer ${seller.token}` } });
    assert.deepEqual([(await own()).status, (await own()).status], [200, 200]);
    assert.equal((await rawRequest(`${sure.url}/hello`)).status, 402);
  });

  test('a large body is not asked for when the payment will not do', async () => {
    verifies('compute.cgi.input');
    let asked = false;
    const headers = { expect: '100-continue', 'content-length': '5000000', [paymentSignatureHeader]: 'bm9uc2Vuc2U=' };
    const outgoing = httpRequest(`${paid.url}/echo`, { agent: false, method: 'POST', headers });
    outgoing.on('continue', () => (asked = true));
    outgoing.flushHeaders();
    const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
    outgoing.on('error', () => {});
    assert.deepEqual([response.statusCode, asked], [400, false]);
    outgoing.destroy();
  });

  test('a caller who goes away stops the program', async () => {
    verifies('compute.cgi.streaming');
    const outgoing = httpRequest(`${free.url}/hang`, { agent: false });
    outgoing.on('error', () => {});
    outgoing.end();
    const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
    response.on('error', () => {});
    outgoing.destroy();
    const last = await taskThat(({ reason }) => reason === 'killed');
    assert.deepEqual([last?.state, last?.reason], ['failed', 'killed']);
  });

  test('a caller who reads slowly holds the program back', async () => {
    verifies('compute.cgi.streaming');
    const limits = { ...defaultLimits, outputBytes: 64 * 1024 * 1024, wallMs: 3000 };
    const endless = await sell(node, seller, { program, name: 'endless', amount: '0', limits });
    const outgoing = httpRequest(`${endless.url}/endless`, { agent: false });
    outgoing.end();
    const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
    response.on('error', () => {});
    response.pause();
    const last = await taskThat(({ offer }) => offer === endless.id);
    // Read at full speed it would have passed the limit of its output long before.
    assert.equal(last?.reason, 'wall');
    outgoing.destroy();
  });

  test('an answer that a limit cuts off is seen to be cut off; before its head there is an error instead', async () => {
    verifies('compute.cgi.errors');
    const limits = { ...defaultLimits, wallMs: 300 };
    const short = await sell(node, seller, { program, name: 'short', amount: '0', limits });
    const cut = await rawRequest(`${short.url}/stream?5000`);
    assert.deepEqual([cut.status, cut.body.toString(), cut.whole], [200, 'first\n', false]);
    const late = await rawRequest(`${short.url}/slow-start?5000`);
    assert.equal(late.status, 504);
    const small = await sell(node, seller, { program, name: 'small', amount: '0', limits: { ...defaultLimits, outputBytes: 1000 } });
    assert.equal((await rawRequest(`${small.url}/large-body`)).status, 502);
    assert.equal((await rawRequest(`${free.url}/crash`)).status, 502);
  });

  test('a program that breaks the rules while it streams is stopped at once and answered with 502', async () => {
    verifies('compute.cgi.errors');
    const start = performance.now();
    const answer = await rawRequest(`${free.url}/stream-wrong`);
    assert.equal(answer.status, 502);
    assert.match(answer.body.toString(), /a line that is no header/);
    assert.ok(performance.now() - start < 5000);
  });

  test('a body of unknown length is read to its end first, and a large one waits in a file that leaves nothing behind', async () => {
    verifies('compute.cgi.input');
    const pieces = Array.from({ length: 50 }, (_, index) => Buffer.alloc(100_000, index));
    const chunked = await rawRequest(`${free.url}/echo`, { method: 'POST', body: pieces, headers: { 'transfer-encoding': 'chunked' } });
    const plain = await rawRequest(`${free.url}/echo`, { method: 'POST', body: Buffer.concat(pieces) });
    assert.match(chunked.body.toString(), /^POST length=5000000 type=none read=5000000 sum=[0-9a-f]{16}\n$/);
    assert.equal(plain.body.toString(), chunked.body.toString());
    assert.deepEqual(readdirSync(join(node.dataDirectory, 'compute', 'inputs')), []);
    const small = await rawRequest(`${free.url}/echo`, { method: 'PUT', body: [Buffer.from('a'), Buffer.from('b')] });
    assert.match(small.body.toString(), /^PUT length=2 type=none read=2 /);
    // A program need not read it.
    const unread = await rawRequest(`${free.url}/ignore-input`, { method: 'POST', body: Buffer.alloc(5_000_000) });
    assert.deepEqual([unread.status, unread.body.toString()], [200, 'hello\n']);
    const over = await rawRequest(`${free.url}/echo`, { method: 'POST', body: Buffer.alloc(8_000_001) });
    assert.equal(over.status, 413);
  });

  test('the environment is what RFC 3875 asks for, and nothing of who calls', async () => {
    verifies('compute.cgi.environment', 'fn.cgi');
    const answer = await rawRequest(`${free.url}/environment/a%20b%2Fc?x=%31&y`, {
      headers: {
        'accept-language': 'de',
        authorization: `Bearer ${seller.token}`,
        cookie: 'freehold_session=secret; fn-a=1; other=2; fn-b=3',
        proxy: 'http://evil.example',
        'payment-signature': 'secret',
        'user-agent': 'secret',
        'x-case': ['one', 'two'],
        x_case: 'spoofed',
        'content-type': 'text/x-case',
      },
    });
    const { host, hostname, port } = new URL(node.url);
    assert.deepEqual(
      environmentOf(answer.body),
      new Map(
        Object.entries({
          GATEWAY_INTERFACE: 'CGI/1.1',
          SERVER_PROTOCOL: 'HTTP/1.1',
          SERVER_SOFTWARE: 'freehold',
          SERVER_NAME: hostname,
          SERVER_PORT: port,
          REQUEST_SCHEME: 'http',
          REMOTE_ADDR: '127.0.0.1',
          REQUEST_METHOD: 'GET',
          SCRIPT_NAME: `/${free.id}.cgi`,
          PATH_INFO: '/environment/a b/c',
          QUERY_STRING: 'x=%31&y',
          REQUEST_URI: `/${free.id}.cgi/environment/a%20b%2Fc?x=%31&y`,
          CONTENT_TYPE: 'text/x-case',
          HTTP_ACCEPT_LANGUAGE: 'de',
          HTTP_COOKIE: 'a=1; b=3',
          HTTP_HOST: host,
          HTTP_X_CASE: 'one, two',
        }),
      ),
    );
  });

  test('an answer that has no body streams none', async () => {
    verifies('compute.cgi.response', 'compute.cgi.streaming');
    for (const status of [204, 304]) {
      const answer = await rawRequest(`${free.url}/stream-${status}`);
      assert.deepEqual([answer.status, answer.whole, answer.body.length, answer.headers.trailer], [status, true, 0, undefined]);
    }
  });

  test('HTTP/1.0 is answered without chunks, and the program is told', async () => {
    verifies('compute.cgi.environment');
    const say = (path: string) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port, host } = new URL(node.url);
        const socket = connect(Number(port), hostname, () => socket.write(`GET /case.cgi${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString())).on('end', () => resolve(text));
        socket.on('error', reject);
      });
    assert.match(await say('/environment'), /^SERVER_PROTOCOL=HTTP\/1\.0$/m);
    const streamed = await say('/stream?100');
    assert.match(streamed, /\r\n\r\nfirst\nsecond\n$/);
    assert.doesNotMatch(streamed, /chunked/i);
  });

  test('the first segment of the path is the function, however it is written; others may look like it', async () => {
    verifies('compute.cgi.environment');
    const environment = environmentOf((await rawRequest(`${free.url}/environment/x.cgi/y.cgi`)).body);
    assert.equal(environment.get('PATH_INFO'), '/environment/x.cgi/y.cgi');
    const encoded = environmentOf((await rawRequest(node.url, { path: '/c%61se%2Ecgi/environment' })).body);
    assert.equal(encoded.get('PATH_INFO'), '/environment');
  });

  test('an upload that breaks off is nobody else\u2019s trouble', async () => {
    verifies('compute.cgi.input');
    const lines = node.log.length;
    const outgoing = httpRequest(`${free.url}/echo`, { agent: false, method: 'POST', headers: { 'content-length': '3000000' } });
    outgoing.on('error', () => {});
    await new Promise<void>((resolve) => outgoing.write(Buffer.alloc(2_000_000), () => resolve()));
    outgoing.destroy();
    await delay(100);
    assert.deepEqual(
      node.log.slice(lines).filter((line) => line.includes('http.failed')),
      [],
    );
    assert.equal((await rawRequest(`${free.url}/echo`, { method: 'POST', body: Buffer.alloc(2_000_000) })).status, 200);
  });

  test('paths that no program should have to think about are refused', async () => {
    verifies('compute.cgi.environment');
    for (const path of ['/%00', '/a/%2e%2e/b', '/a/../b', '/%zz', '/%ff'])
      assert.equal((await rawRequest(`${free.url}/x`, { path: `/case.cgi${path}` })).status, 400, path);
  });

  test('a program may send the call on to another of its own paths, three times, for one task', async () => {
    verifies('compute.cgi.redirect');
    const before = (await tasks())[0]?.id;
    const sent = await rawRequest(`${free.url}/send-on`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/x' } });
    assert.match(sent.body.toString(), /^GET length=none type=none read=0 /);
    assert.equal((await tasks())[1]?.id, before);
    const environment = environmentOf((await rawRequest(`${free.url}/send-on-environment`)).body);
    assert.deepEqual([environment.get('PATH_INFO'), environment.get('QUERY_STRING')], ['/environment/a b', 'x=1']);
    assert.equal((await rawRequest(`${free.url}/send-thrice`)).body.toString(), 'there\n');
    assert.equal((await rawRequest(`${free.url}/send-round`)).status, 502);
    const elsewhere = await rawRequest(`${free.url}/location-elsewhere`);
    assert.deepEqual([elsewhere.status, elsewhere.headers.location], [302, '/elsewhere']);
  });

  test('one payment pays for a call that is sent on', async () => {
    verifies('compute.cgi.redirect');
    const payer = await node.payer();
    const url = `${paid.url}/send-thrice`;
    const { token } = node.info;
    assert.ok(token);
    const had = await node.balanceOf(payer.address);
    const header = await paymentFor(payer, await termsOf(url), token);
    for (let times = 0; times < 2; times++) {
      const answer = await rawRequest(url, { headers: { [paymentSignatureHeader]: header } });
      assert.equal(answer.body.toString(), 'there\n');
    }
    assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
  });

  test('cookies are kept apart, keep to the function that set them, and never look like ours', async () => {
    verifies('compute.cgi.cookies');
    const { headers } = await rawRequest(`${node.url}/case.cgi/cookies`);
    assert.deepEqual(headers['set-cookie'], ['fn-a=1; Path=/case.cgi', 'fn-b=2; Path=/case.cgi; HttpOnly']);
    const scoped = await rawRequest(`${node.url}/case.cgi/cookie-scope`);
    assert.deepEqual(scoped.headers['set-cookie'], ['fn-a=1; Path=/case.cgi; Secure']);
  });

  test('an error code after a good answer leaves the answer, and costs nothing', async () => {
    verifies('compute.cgi.errors');
    const payer = await node.payer();
    const url = `${paid.url}/error-code`;
    const { token } = node.info;
    assert.ok(token);
    const had = await node.balanceOf(payer.address);
    const answer = await rawRequest(url, { headers: { [paymentSignatureHeader]: await paymentFor(payer, await termsOf(url), token) } });
    assert.deepEqual([answer.status, answer.body.toString()], [200, 'hello\n']);
    assert.equal(await node.balanceOf(payer.address), had);
    const alone = await rawRequest(`${free.url}/error-code-alone`);
    assert.equal(alone.status, 502);
    assert.match(alone.body.toString(), /ended with an error code/);
  });

  test('a program that would speak HTTP itself (nph) is refused with the reason', async () => {
    verifies('compute.cgi.errors');
    await assert.rejects(sell(node, seller, { program, name: 'nph-case', amount: '0' }), /422.*nph-/);
    const answer = await rawRequest(`${free.url}/nph`);
    assert.equal(answer.status, 502);
    assert.match(answer.body.toString(), /speaks HTTP itself \(nph\)/);
    assert.equal((await rawRequest(`${free.url}/status-line`)).status, 404);
  });

  test('HEAD runs the program and has the length of the body that it leaves out', async () => {
    verifies('compute.cgi.response');
    const answer = await rawRequest(`${free.url}/hello`, { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.body.length], [200, '6', 0]);
  });

  test('headers that repeat stay apart; what speaks for the node or the connection does not come through', async () => {
    verifies('compute.cgi.response');
    const repeated = await rawRequest(`${free.url}/repeated-header`);
    assert.equal(repeated.headers['x-case'], 'one, two');
    const connection = await rawRequest(`${free.url}/connection`);
    assert.deepEqual([connection.headers['keep-alive'] ?? '', connection.body.toString()].includes('timeout=9'), false);
    const typeless = await rawRequest(`${free.url}/no-type`);
    assert.deepEqual(
      [typeless.headers['content-type'], typeless.headers['x-content-type-options']],
      ['application/octet-stream', 'nosniff'],
    );
    const none = await rawRequest(`${free.url}/status-204`);
    assert.deepEqual([none.status, none.body.length, none.headers['content-length']], [204, 0, undefined]);
    const file = await rawRequest(`${free.url}/send-file`);
    assert.deepEqual(
      Object.keys(file.headers).filter((name) => /sendfile|send-file|accel/.test(name)),
      [],
    );
    const large = await rawRequest(`${free.url}/large-body`);
    assert.deepEqual([large.body.length, large.whole], [3 * 1024 * 1024, true]);
  });
});
