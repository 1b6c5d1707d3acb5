import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { recoverAddress } from '@freehold/identity';
import {
  decodePaymentPayload,
  decodePaymentRequired,
  decodeReceipt,
  decodeSettleResponse,
  encodePaymentPayloadV1,
  hashTypedData,
  paymentRequiredHeader,
  paymentResponseHeader,
  paymentSignatureHeader,
  receiptHeader,
  receiptTypedData,
  signInWithXHeader,
  signInWithXText,
  toAddress,
  xPaymentHeader,
  xPaymentResponseHeader,
  type OfferSummary,
  type SignInWithX,
} from '@freehold/protocol';
import { x402Client } from '@x402/core/client';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment } from '@x402/fetch';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic, printing } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, signOffer, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let offer: OfferSummary;
let twin: OfferSummary;
let pure: OfferSummary;

before(async () => {
  node = await startTestNode();
  seller = await node.signIn();
  offer = await sell(node, seller, { program: arithmetic, name: 'arithmetic' });
  twin = await sell(node, seller, { program: arithmetic, name: 'twin' });
  pure = await sell(node, seller, { program: arithmetic, name: 'pure', deterministic: true });
});
after(() => node.end());

const token = () => {
  assert.ok(node.info.token);
  return node.info.token;
};
const buy = (url: string, header: string) => fetch(url, { headers: { [paymentSignatureHeader]: header } });
const tasks = async (): Promise<{ id: string; offer: string; state: string }[]> =>
  (await expectJson(await seller.fetch('/api/tasks?limit=200'))).tasks;
const task = (response: Response) => /id=(\S+)/.exec(response.headers.get('x-freehold-task') ?? '')?.[1];

test('a call without payment gets the terms: as a header, for version 1, as a problem, and in words', async () => {
  verifies('payments.wire.one-answer');
  const url = `${offer.url}/add?a=1&b=2`;
  const response = await fetch(url);
  assert.equal(response.status, 402);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const body = JSON.parse(await response.text());
  const header = decodePaymentRequired(response.headers.get(paymentRequiredHeader) ?? '');
  assert.deepEqual(body.paymentRequired, JSON.parse(JSON.stringify(header)));
  const [terms] = header.accepts;
  assert.deepEqual(body.accepts, [
    {
      scheme: 'exact',
      network: token().network,
      maxAmountRequired: '1000',
      resource: url,
      description: '',
      mimeType: '',
      payTo: seller.address,
      maxTimeoutSeconds: terms?.maxTimeoutSeconds,
      asset: token().asset,
      extra: token().domain,
    },
  ]);
  assert.deepEqual([body.x402Version, body.prices[0]], [1, '0.001 USDC on the local test chain (exact)']);
  assert.deepEqual([body.type, body.title, body.status], ['about:blank', 'Payment Required', 402]);
  const problem = await fetch(url, { headers: { accept: 'application/problem+json' } });
  assert.equal(problem.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.deepEqual(JSON.parse(await problem.text()), body);
});

test('an offer names a call that works as it stands', async () => {
  assert.equal(pure.example, `${node.url}/pure.cgi/add?a=6&b=7`);
  assert.equal((await fetch(pure.example)).status, 402);
});

test('a paid call answers, moves the price on the chain, and carries a receipt that anyone can check', async () => {
  verifies('foundation.journey.curl');
  const payer = await node.payer();
  const [had, earned] = [await node.balanceOf(payer.address), await node.balanceOf(seller.address)];
  const url = `${node.url}/arithmetic.cgi/add?a=1.5&b=2`;
  const response = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '3.5\n');
  assert.equal((await node.balanceOf(payer.address)) - had, -1000n);
  assert.equal((await node.balanceOf(seller.address)) - earned, 1000n);

  const settled = decodeSettleResponse(response.headers.get(paymentResponseHeader) ?? '');
  assert.equal(settled.success, true);
  const { receipt, signer, signature } = decodeReceipt(response.headers.get(receiptHeader) ?? '');
  assert.equal(recoverAddress(hashTypedData(receiptTypedData(receipt)), signature), signer);
  assert.equal(signer, node.info.signer);
  assert.equal(receipt.transaction, settled.transaction);
  assert.equal(receipt.offer, offer.id);
  assert.equal(receipt.payer, payer.address);
  const summary = await expectJson(await fetch(`${node.url}/api/offers/arithmetic`));
  assert.deepEqual([summary.calls, summary.earned], [1, '1000']);
});

test('one authorization sent 20 times in parallel runs one task and is paid once; sent again later it gets the same answer', async () => {
  verifies('foundation.pay.once');
  const payer = await node.payer();
  const url = `${offer.url}/spin?n=200000000`;
  const header = await paymentFor(payer, await termsOf(url), token());
  const had = await node.balanceOf(payer.address);
  const before = (await tasks()).length;
  const answers = await Promise.all(Array.from({ length: 20 }, () => buy(url, header)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map((answer) => answer.headers.get(receiptHeader))).size, 1);
  assert.equal((await tasks()).length - before, 1);
  assert.equal(had - (await node.balanceOf(payer.address)), 1000n);

  const again = await buy(url, header);
  assert.equal(again.status, 200);
  assert.equal(task(again), task(answers[0] as Response));
  assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
});

test('ten authorizations from a wallet with money for one never run ten', async () => {
  verifies('foundation.pay.exposure');
  const dear = await sell(node, seller, { program: arithmetic, name: 'dear', amount: '60000000' });
  const payer = await node.payer();
  const url = `${dear.url}/spin?n=100000000`;
  const terms = await termsOf(url);
  const headers = await Promise.all(Array.from({ length: 10 }, () => paymentFor(payer, terms, token())));
  const before = (await tasks()).length;
  const statuses = await Promise.all(headers.map(async (header) => (await buy(url, header)).status));
  const served = statuses.filter((status) => status === 200).length;
  assert.equal(served, 1, String(statuses));
  assert.ok((await tasks()).length - before <= 1);
  assert.ok(
    statuses.every((status) => status === 200 || status === 402),
    String(statuses),
  );
});

test('a payment made for one function is refused on another of the same price, and for another request of the same function', async () => {
  verifies('foundation.pay.bound');
  const payer = await node.payer();
  const url = `${offer.url}/add?a=1&b=1`;
  const header = await paymentFor(payer, await termsOf(url), token());
  assert.equal((await buy(`${twin.url}/add?a=1&b=1`, header)).status, 402);
  assert.equal((await buy(url, header)).status, 200);
  assert.equal((await buy(`${offer.url}/add?a=1&b=2`, header)).status, 409);
  const stripped = await paymentFor(payer, await termsOf(url), token(), { payload: { resource: undefined } });
  assert.equal((await buy(url, stripped)).status, 200);
  assert.equal((await buy(`${twin.url}/add?a=1&b=1`, stripped)).status, 409);
});

test('a dear function is paid beforehand, and one that fails then says that it is paid back', async () => {
  verifies('payments.upfront.first');
  const dear = await sell(node, seller, { program: arithmetic, name: 'dear', amount: '6000000' });
  const url = `${dear.url}/fail`;
  const required = await termsOf(url);
  const upfront = required.accepts.filter(({ extra }) => extra['paymentFlow'] === 'upfront');
  assert.ok(upfront.length > 0);
  const payer = await node.payer();
  const failed = await buy(url, await paymentFor(payer, { ...required, accepts: upfront }, token()));
  assert.equal(failed.status, 502);
  assert.match(await failed.text(), /paid back to the wallet/);
});

test('a function that fails charges nothing and says why', async () => {
  verifies('foundation.pay.failure-free');
  const payer = await node.payer();
  const url = `${offer.url}/fail`;
  const had = await node.balanceOf(payer.address);
  const response = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(response.status, 502);
  const { error } = JSON.parse(await response.text());
  assert.equal(error.code, 'function_failed');
  assert.equal(error.details.reason, 'trap');
  assert.equal(await node.balanceOf(payer.address), had);
});

test('an endless loop is stopped at its limit and costs nothing', async () => {
  const quick = await sell(node, seller, {
    program: arithmetic,
    name: 'quick',
    limits: { memoryBytes: 2 ** 24, cpuMs: 200, wallMs: 2_000, outputBytes: 1000, inputBytes: 10 },
  });
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const url = `${quick.url}/spin?n=0`;
  const response = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(response.status, 504);
  assert.equal(JSON.parse(await response.text()).error.details.reason, 'cpu');
  assert.equal(await node.balanceOf(payer.address), had);
  const again = await paymentFor(payer, await termsOf(url), token());
  const tooLong = await fetch(url, { method: 'POST', body: 'x'.repeat(11), headers: { [paymentSignatureHeader]: again } });
  assert.equal(tooLong.status, 413);
});

test('equal calls of a deterministic function are free after the first', async () => {
  verifies('fn.cache');
  const payer = await node.payer();
  const url = `${pure.url}/add?a=20&b=22`;
  const first = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(await first.text(), '42\n');
  assert.match(first.headers.get('x-freehold-task') ?? '', /cached=0/);
  const second = await fetch(url);
  assert.equal(second.status, 200);
  assert.equal(await second.text(), '42\n');
  assert.match(second.headers.get('x-freehold-task') ?? '', /cached=1/);
  assert.equal((await fetch(`${pure.url}/add?a=20&b=23`)).status, 402);
});

test('a wallet that has paid for a result of its own proves itself and has it again without paying; no other wallet has', async () => {
  verifies('payments.free.sign-in-with-x');
  const [payer, stranger] = [await node.payer(), await node.payer()];
  const url = `${pure.url}/add?a=30&b=12`;
  const mine = { 'cache-control': 'private' };
  const terms = await termsOf(url, { headers: mine });
  const paid = await fetch(url, { headers: { ...mine, [paymentSignatureHeader]: await paymentFor(payer, terms, token()) } });
  assert.equal(await paid.text(), '42\n');
  const had = await node.balanceOf(payer.address);
  type Asked = { 'sign-in-with-x': { info: Omit<SignInWithX, 'address' | 'chainId' | 'type' | 'signature'> } };
  const { info } = (terms.extensions as Asked)['sign-in-with-x'];
  const prove = async (wallet: typeof payer, changes: object = {}, by = wallet) => {
    const fields = { ...info, address: toAddress(wallet.address), chainId: token().network, type: 'eip191' as const, ...changes };
    const signature = await by.signMessage({ message: signInWithXText(fields) });
    const proof = Buffer.from(JSON.stringify({ ...fields, signature })).toString('base64');
    return fetch(url, { headers: { ...mine, [signInWithXHeader]: proof } });
  };
  const again = await prove(payer);
  assert.deepEqual([again.status, await again.text()], [200, '42\n']);
  assert.match(again.headers.get('x-freehold-task') ?? '', /cached=1/);
  assert.equal(await node.balanceOf(payer.address), had);
  assert.equal((await prove(stranger)).status, 402);
  assert.equal((await prove(payer, {}, stranger)).status, 400, 'signed by another');
  assert.equal((await prove(payer, { domain: 'elsewhere.example' })).status, 400, 'for another host');
  assert.equal((await prove(payer, { issuedAt: new Date(Date.now() - 600_000).toISOString() })).status, 400, 'of before');
});

test('the stock x402 client buys unchanged', async () => {
  verifies('foundation.pay.stock-client');
  const payer = await node.payer();
  const { network, asset } = token();
  const client = x402Client.fromConfig({
    schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(payer) }],
    spendControls: { allowedAssets: [{ network: network as `${string}:${string}`, asset, maxAmountPerPayment: 5000n }] },
  } as never);
  const response = await wrapFetchWithPayment(fetch, client)(`${offer.url}/add?a=2&b=3`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '5\n');
});

test('a client of version 1 buys with X-PAYMENT, and a page of another origin may, too', async () => {
  verifies('payments.wire.v1');
  const payer = await node.payer();
  const url = `${offer.url}/add?a=2&b=2`;
  const { payload, accepted } = decodePaymentPayload(await paymentFor(payer, await termsOf(url), token()));
  const header = encodePaymentPayloadV1({ x402Version: 1, scheme: 'exact', network: accepted.network, payload });
  const response = await fetch(url, { headers: { [xPaymentHeader]: header } });
  assert.equal(await response.text(), '4\n');
  const settled = JSON.parse(Buffer.from(response.headers.get(xPaymentResponseHeader) ?? '', 'base64').toString());
  assert.deepEqual([settled.success, settled.payer, settled.network], [true, payer.address, accepted.network]);
  assert.match(settled.transaction, /^0x[0-9a-f]{64}$/);
  assert.equal(decodeReceipt(response.headers.get(receiptHeader) ?? '').receipt.transaction, settled.transaction);

  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://shop.example' } });
  const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ') ?? [];
  for (const name of [xPaymentHeader, paymentSignatureHeader, 'content-type']) assert(allowed.includes(name), name);
  const exposed = response.headers.get('access-control-expose-headers')?.split(', ') ?? [];
  for (const name of [paymentRequiredHeader, paymentResponseHeader, xPaymentResponseHeader, receiptHeader])
    assert(exposed.includes(name), name);
});

test('payments that are not exactly what was asked are refused with a 4xx', async () => {
  const payer = await node.payer();
  const stranger = await node.payer();
  const url = `${offer.url}/add?a=1&b=1`;
  const terms = await termsOf(url);
  const now = Math.floor(Date.now() / 1000);
  const pay = (change: Parameters<typeof paymentFor>[3]) => paymentFor(payer, terms, token(), change);
  const [accepted] = terms.accepts;
  const headers = {
    'too little': await pay({ authorization: { value: '999' } }),
    'to another': await pay({ authorization: { to: stranger.address } }),
    'from another': await pay({ authorization: { from: stranger.address } }),
    expired: await pay({ authorization: { validBefore: String(now - 1) } }),
    'too short': await pay({ authorization: { validBefore: String(now + 2) } }),
    'not yet valid': await pay({ authorization: { validAfter: String(now + 1000) } }),
    'other terms': await pay({ payload: { accepted: { ...accepted, amount: '1' } } }),
    'other network': await pay({ payload: { accepted: { ...accepted, network: 'eip155:1' } } }),
    'other scheme': await pay({ payload: { accepted: { ...accepted, scheme: 'upto' } } }),
    'no payload': await pay({ payload: { payload: {} } }),
    'version 3': await pay({ payload: { x402Version: 3 } }),
    'not base64': '%%%',
    'not JSON': Buffer.from('{').toString('base64'),
    empty: Buffer.from('{}').toString('base64'),
  };
  for (const [what, header] of Object.entries(headers)) {
    const response = await buy(url, header);
    assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status} ${await response.text()}`);
    if (response.status !== 402) continue;
    // The terms come again, with the reason, so that any client can mend its payment.
    const terms = decodePaymentRequired(response.headers.get(paymentRequiredHeader) ?? '');
    assert.match(terms.error ?? '', /^[a-z_0-9|]+: \S.+[.?]$/, what);
    assert.equal(terms.accepts[0]?.scheme, 'exact');
  }
});

test('altered, expired, foreign and unknown offers are refused', async () => {
  verifies('foundation.offer.signed', 'fn.offer.signed');
  const { offer: document } = offer;
  const publish = async (signed: unknown, person = seller) => (await person.fetch('/api/offers', { method: 'POST', json: signed })).status;
  const signed = await signOffer(seller.account, { ...document, name: 'fresh' });
  assert.equal(await publish({ ...signed, offer: { ...signed.offer, name: 'stale' } }), 422);
  assert.equal(await publish({ ...signed, surprise: 1 }), 400);
  assert.equal(await publish(await signOffer(seller.account, { ...document, expiresAt: Date.now() - 1 })), 422);
  assert.equal(await publish(await signOffer(await node.payer(), { ...document, name: 'foreign' })), 422);
  assert.equal(
    await publish(await signOffer(seller.account, { ...document, createdAt: Date.now() + 10 ** 9, expiresAt: Date.now() + 10 ** 10 })),
    422,
  );
  assert.equal(
    await publish(
      await signOffer(seller.account, {
        ...document,
        programs: [{ runtime: 'wasm', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' }],
      }),
    ),
    422,
  );
  assert.equal(await publish(signed), 201);

  await expectJson(await seller.fetch(`/api/offers/${twin.id}`, { method: 'DELETE' }));
  assert.equal((await fetch(`${twin.url}/add?a=1&b=2`)).status, 410);
  assert.equal((await fetch(`${node.url}/twin.cgi/add`)).status, 404);
});

test('what a function answers cannot run on the origin of the desktop or set its cookie', async () => {
  verifies('foundation.origin');
  const free = await sell(node, seller, { program: arithmetic, name: 'free', amount: '0' });
  const response = await fetch(`${free.url}/add?a=1&b=2`, { headers: { cookie: `freehold_session=${seller.token}` } });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-security-policy') ?? '', /^sandbox;/);
  assert.equal(response.headers.get('set-cookie'), null);
  assert.equal((await fetch(`${free.url}/add?a=1`)).status, 400);
  assert.equal((await fetch(`${free.url}/add?a=1&b=x`)).status, 400);
  assert.equal((await fetch(`${free.url}/nope`)).status, 404);
});

test('a program cannot speak for the node: neither of payments and receipts, nor to the browser about its host', async () => {
  verifies('foundation.origin');
  const forged = [
    'payment-response',
    'x-payment-response',
    'x-freehold-receipt',
    'cdn-cache-control',
    'secure-session-registration',
    'clear-site-data',
    'strict-transport-security',
    'www-authenticate',
    'service-worker-allowed',
  ];
  const output = [
    'Content-Type: text/html',
    'Content-Security-Policy: script-src *',
    'Access-Control-Allow-Credentials: true',
    'Set-Cookie: freehold_session=stolen; Domain=localhost; Path=/',
    ...forged.map((name) => `${name}: forged`),
    '',
    '<script>alert(1)</script>',
  ].join('\n');
  const { url, example } = await sell(node, seller, { program: printing(output), name: 'forger', amount: '0' });
  assert.equal(example, `${node.url}/forger.cgi`);
  const { headers, status } = await fetch(url, { headers: { prefer: 'receipt' } });
  assert.equal(status, 200);
  for (const name of forged) assert.notEqual(headers.get(name), 'forged', name);
  assert.match(headers.get('content-security-policy') ?? '', /^sandbox;/);
  assert.equal(headers.get('access-control-allow-credentials'), null);
  assert.match(headers.get('set-cookie') ?? '', /^fn-freehold_session=stolen; Path=\/[0-9a-f]{64}\.cgi$/);
  assert.equal(decodeReceipt(headers.get(receiptHeader) ?? '').receipt.amount, '0');
});

test('an answer of a function that says no (status 400 and up) is delivered and costs nothing', async () => {
  verifies('foundation.pay.failure-free');
  const { url } = await sell(node, seller, {
    program: printing('Status: 422 No\nContent-Type: text/plain\n\nnot like this'),
    name: 'refuser',
  });
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const response = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(response.status, 422);
  assert.equal(await response.text(), 'not like this');
  assert.equal(response.headers.get(paymentResponseHeader), null);
  assert.equal(await node.balanceOf(payer.address), had);
});

test('what is not CGI costs nothing and tells its author why', async () => {
  verifies('foundation.pay.failure-free');
  const { url } = await sell(node, seller, { program: printing('just text'), name: 'mumbler' });
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const response = await buy(url, await paymentFor(payer, await termsOf(url), token()));
  assert.equal(response.status, 502);
  assert.match(await response.text(), /header block.*Nothing was charged/s);
  assert.equal(await node.balanceOf(payer.address), had);
});
