import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  decodePaymentPayload,
  decodePaymentPayloadV1,
  encodePaymentRequired,
  encodeSettleResponse,
  exactPayload,
} from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { account, seller } from '../testing/world.ts';
import { parseBudgets } from './budget.ts';
import { exactRail } from './exact.ts';
import { openMemoryLedger } from './ledger.ts';
import { payingFetch } from './paying-fetch.ts';
import { openPurse } from './purse.ts';
import { knownTokens } from './tokens.ts';

const token = knownTokens.find(({ network }) => network === 'eip155:84532');
assert(token);

async function open(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    answer(request, response, Buffer.concat(chunks).toString());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function openTestPurse(max = '1') {
  const payer = account();
  const ledger = openMemoryLedger();
  const rails = [exactRail({ account: payer, now: Date.now, randomBytes })];
  return { ledger, purse: openPurse({ payer: payer.address, rails, ledger, session: 's', max: parseBudgets(max), now: Date.now }) };
}

const demand = () =>
  encodePaymentRequired({
    x402Version: 2,
    resource: { url: 'http://x/' },
    accepts: [
      {
        scheme: 'exact',
        network: token.network,
        asset: token.asset,
        amount: '10',
        payTo: seller,
        maxTimeoutSeconds: 60,
        extra: token.domain,
      },
    ],
  });

test('a program pays with fetch: body sent again, ledger kept, limits held', async (t) => {
  verifies('payments.client.fetch');
  const bodies: string[] = [];
  const origin = await open(t, (request, response, body) => {
    bodies.push(`${request.method} ${body}`);
    if (request.url === '/free') return void response.end('free');
    const payment = request.headers['payment-signature'];
    if (typeof payment !== 'string') return void response.writeHead(402, { 'payment-required': demand() }).end('pay');
    const { authorization } = exactPayload.parse(decodePaymentPayload(payment).payload);
    response.setHeader('payment-response', encodeSettleResponse({ success: true, transaction: '0xaa', network: token.network }));
    return void response.end(`${body} for ${authorization.value}`);
  });
  const { purse, ledger } = openTestPurse('0.000021');
  const told: (string | undefined)[] = [];
  const fetchPaid = payingFetch(purse, { onPayment: (_payment, conclusion) => told.push(conclusion?.kind) });
  assert.equal(await (await fetchPaid(`${origin}/free`)).text(), 'free');
  assert.deepEqual(await ledger.list({ limit: 1 }), []);
  assert.equal(await (await fetchPaid(`${origin}/`, { method: 'POST', body: 'text' })).text(), 'text for 10');
  const stream = new Blob(['stream']).stream();
  assert.equal(await (await fetchPaid(`${origin}/`, { method: 'POST', body: stream, duplex: 'half' })).text(), 'stream for 10');
  await assert.rejects(fetchPaid(`${origin}/`), { code: 'payment_over_budget' });
  assert.deepEqual(told, ['paid', 'paid']);
  assert.deepEqual(bodies, ['GET ', 'POST text', 'POST text', 'POST stream', 'POST stream', 'GET ']);
});

/** What x402-express 1.2.0 answers, word for word. */
const stockV1 = {
  x402Version: 1,
  error: 'X-PAYMENT header is required',
  accepts: [
    {
      scheme: 'exact',
      network: 'base-sepolia',
      maxAmountRequired: '1000',
      resource: 'http://127.0.0.1:19443/weather',
      description: 'The weather',
      mimeType: '',
      payTo: '0x90F79bf6EB2c4f870365E785982E1f101E93b906',
      maxTimeoutSeconds: 60,
      asset: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
      outputSchema: { input: { type: 'http', method: 'GET', discoverable: true } },
      extra: { name: 'USDC', version: '2' },
    },
  ],
};

test('version 1 is paid with X-PAYMENT', async (t) => {
  verifies('payments.client.v1');
  const origin = await open(t, (request, response) => {
    const payment = request.headers['x-payment'];
    if (typeof payment !== 'string')
      return void response.writeHead(402, { 'content-type': 'application/json' }).end(JSON.stringify(stockV1));
    const { x402Version, scheme, network, payload } = decodePaymentPayloadV1(payment);
    assert.deepEqual([x402Version, scheme, network], [1, 'exact', 'base-sepolia']);
    assert.equal(exactPayload.parse(payload).authorization.value, '1000');
    const settled = { success: true, transaction: '0xbb', network: 'base-sepolia', payer: seller };
    response.setHeader('x-payment-response', Buffer.from(JSON.stringify(settled)).toString('base64'));
    return void response.end('weather');
  });
  const { purse, ledger } = openTestPurse();
  const answer = await payingFetch(purse)(`${origin}/weather`);
  assert.deepEqual([answer.status, await answer.text()], [200, 'weather']);
  const [entry] = await ledger.list({ limit: 1 });
  assert.deepEqual([entry?.state, entry?.charged, entry?.transaction], ['paid', 1000n, '0xbb']);
});

test('no payment goes to another origin, nor along a redirect, and a lost answer is remembered', async (t) => {
  verifies('payments.client.fetch');
  const seen: (string | undefined)[] = [];
  const elsewhere = await open(t, (request, response) => {
    seen.push(String(request.headers['payment-signature']));
    response.writeHead(402, { 'payment-required': demand() }).end();
  });
  const origin = await open(t, (request, response) => {
    if (request.url === '/away') return void response.writeHead(307, { location: `${elsewhere}/` }).end();
    if (request.url === '/changed' && request.method === 'POST') return void response.writeHead(303, { location: '/' }).end();
    if (request.headers['payment-signature'] === undefined) return void response.writeHead(402, { 'payment-required': demand() }).end();
    if (request.url === '/lost') return void request.socket.destroy();
    return void response.writeHead(307, { location: `${elsewhere}/paid` }).end();
  });
  const { purse, ledger } = openTestPurse();
  const fetchPaid = payingFetch(purse);
  assert.equal((await fetchPaid(`${origin}/away`)).status, 402);
  assert.equal((await fetchPaid(`${origin}/changed`, { method: 'POST', body: 'x' })).status, 402);
  assert.deepEqual(await ledger.list({ limit: 1 }), []);
  assert.equal((await fetchPaid(`${origin}/`)).status, 307);
  assert.deepEqual(seen, ['undefined']);
  await assert.rejects(fetchPaid(`${origin}/lost`), TypeError);
  assert.deepEqual(
    (await ledger.list({ limit: 5 })).map(({ state }) => state),
    ['sent', 'refused'],
  );
});
