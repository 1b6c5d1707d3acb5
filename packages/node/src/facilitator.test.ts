import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { localToken } from '@freehold/contracts';
import {
  decodePaymentPayload,
  decodeSettleResponse,
  discoveryResources,
  paymentResponseHeader,
  paymentSignatureHeader,
} from '@freehold/protocol';
import { x402Client } from '@x402/core/client';
import { HTTPFacilitatorClient } from '@x402/core/server';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { validateDiscoveryExtension } from '@x402/extensions/bazaar';
import { wrapFetchWithPayment } from '@x402/fetch';
import type { PrivateKeyAccount } from 'viem/accounts';
import { openStockSellers } from '../../payments/src/testing/stock-sellers.ts';
import { seller as stockSeller } from '../../payments/src/testing/world.ts';
import { verifies } from '../../../requirements/verifies.ts';
import { noPaymentSettings, parsePaymentSettings } from './payment-settings.ts';
import { arithmetic } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
before(async () => {
  const settings = parsePaymentSettings({ facilitate: { payees: [stockSeller], settlementsPerDay: 50 } }, 'payments.json');
  node = await startTestNode({ payments: settings });
  seller = await node.signIn();
});
after(() => node.end());

const stock = (account: PrivateKeyAccount) =>
  wrapFetchWithPayment(
    fetch,
    x402Client.fromConfig({
      schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(account) }],
      spendControls: { allowedAssets: [{ network: 'eip155:31337', asset: localToken.asset, maxAmountPerPayment: '5000' }] },
    }),
  );

test('stock servers of x402 (Express and Hono) settle through this node, with the stock facilitator client', async () => {
  verifies('payments.facilitator.served');
  const client = new HTTPFacilitatorClient({ url: `${node.url}/facilitator` });
  const { kinds, signers } = await client.getSupported();
  assert.partialDeepStrictEqual(kinds, [{ x402Version: 2, scheme: 'exact', network: 'eip155:31337' }]);
  assert.equal(signers['eip155:*']?.length, 1);
  const chain = { token: localToken, rpcUrl: node.info.rpcUrl ?? '', fund: async () => undefined };
  const sellers = await openStockSellers(chain, client);
  try {
    for (const { origin } of [sellers.express, sellers.hono]) {
      const payer = await node.payer();
      const [had, earned] = [await node.balanceOf(payer.address), await node.balanceOf(stockSeller)];
      const response = await stock(payer)(`${origin}/weather`);
      assert.equal(response.status, 200);
      assert.deepEqual(JSON.parse(await response.text()), { weather: 'sunny' });
      assert.equal(decodeSettleResponse(response.headers.get(paymentResponseHeader) ?? '').success, true);
      assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
      assert.equal((await node.balanceOf(stockSeller)) - earned, 1000n);
    }
  } finally {
    await Promise.all([sellers.express.close(), sellers.hono.close()]);
  }
});

test('one payment sent 20 times in parallel to a stock server is answered once', async () => {
  verifies('payments.facilitator.served');
  const chain = { token: localToken, rpcUrl: node.info.rpcUrl ?? '', fund: async () => undefined };
  const sellers = await openStockSellers(chain, new HTTPFacilitatorClient({ url: `${node.url}/facilitator` }));
  try {
    const payer = await node.payer();
    const url = `${sellers.hono.origin}/weather`;
    const header = await paymentFor(payer, await termsOf(url), localToken);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url, { headers: { [paymentSignatureHeader]: header } })));
    const statuses = await Promise.all(answers.map(async (answer) => [answer.status, (await answer.text()).length]));
    assert.equal(statuses.filter(([status]) => status === 200).length, 1, String(statuses));
  } finally {
    await Promise.all([sellers.express.close(), sellers.hono.close()]);
  }
});

test('for payees that the owner did not name it refuses, in the body of a good answer, and so it does for what is no request', async () => {
  verifies('payments.facilitator.served');
  const { url } = await sell(node, seller, { program: arithmetic, name: 'own' });
  const payer = await node.payer();
  const paymentPayload = decodePaymentPayload(await paymentFor(payer, await termsOf(`${url}/add?a=1&b=1`), localToken));
  const body = { x402Version: 2, paymentPayload, paymentRequirements: paymentPayload.accepted };
  const post = (path: string, json: object) =>
    fetch(`${node.url}/facilitator/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
  const verified = await expectJson(await post('verify', body));
  assert.deepEqual([verified.isValid, verified.invalidReason], [false, 'invalid_payment_requirements']);
  assert.equal((await expectJson(await post('settle', body))).success, false);
  assert.equal((await post('verify', { x402Version: 3 })).status, 400);
  const many = await Promise.all(Array.from({ length: 130 }, () => post('verify', { x402Version: 2 })));
  assert(many.every(({ status }) => status === 400));
  const limited = await Promise.all(Array.from({ length: 130 }, () => post('verify', body)));
  assert(limited.some(({ status }) => status === 429));
});

test('a node whose owner has no gas sells through the facilitator of another, which is the one that pays for it', async () => {
  verifies('payments.facilitator.remote');
  const lender = await startTestNode({ payments: { ...noPaymentSettings, facilitate: { payees: 'anyone', settlementsPerDay: 50 } } });
  const poor = await startTestNode({
    payments: parsePaymentSettings(
      {
        networks: { 'eip155:31337': { rpc: [lender.info.rpcUrl] } },
        facilitator: { url: `${lender.url}/facilitator`, timeoutSeconds: 5 },
      },
      'payments.json',
    ),
  });
  try {
    const owner = await poor.signIn();
    const { url } = await sell(poor, owner, { program: arithmetic, name: 'gasless' });
    const payer = await lender.payer();
    const schemes = (await termsOf(`${url}/add?a=20&b=3`)).accepts.map(({ scheme }) => scheme);
    assert.deepEqual(schemes, ['exact'], 'what needs gas of its own is not offered');
    const response = await stock(payer)(`${url}/add?a=20&b=3`);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '23\n');
    assert.equal(await poor.balanceOf(owner.address), 1000n);
    await lender.end();
    const refused = await fetch(`${url}/add?a=1&b=1`, {
      headers: { [paymentSignatureHeader]: await paymentFor(payer, await termsOf(`${url}/add?a=1&b=1`), localToken) },
    });
    assert.equal(refused.status, 503, 'nothing runs while nobody could settle it');
  } finally {
    await poor.end();
    await lender.end().catch(() => undefined);
  }
});

test('a node settles for nobody unless its owner says so, and then it says so', async () => {
  verifies('payments.facilitator.served');
  const closed = await startTestNode();
  try {
    const supported = await expectJson(await fetch(`${closed.url}/facilitator/supported`));
    assert.deepEqual([supported.kinds, supported.signers], [[], {}]);
    const client = new HTTPFacilitatorClient({ url: `${closed.url}/facilitator` });
    const owner = await closed.signIn();
    const { url } = await sell(closed, owner, { program: arithmetic, name: 'own' });
    const paymentPayload = decodePaymentPayload(await paymentFor(await closed.payer(), await termsOf(`${url}/add?a=1&b=1`), localToken));
    await assert.rejects(client.settle(paymentPayload as never, paymentPayload.accepted as never), /403/);
  } finally {
    await closed.end();
  }
});

test('discovery lists what is on sale for money, a page at a time, with the number of receipts and how to call it', async () => {
  verifies('payments.facilitator.bazaar');
  const names = ['listed-1', 'listed-2', 'listed-3'];
  for (const name of names) await sell(node, seller, { program: arithmetic, name, title: `Title of ${name}` });
  await sell(node, seller, { program: arithmetic, name: 'listed-free', amount: '0' });
  const listed = await expectJson(await fetch(`${node.url}/api/offers/listed-3`));
  const payer = await node.payer();
  const url = `${listed.url}/add?a=1&b=1`;
  assert.equal((await stock(payer)(url)).status, 200);
  const page = async (query: string) =>
    discoveryResources.parse(await expectJson(await fetch(`${node.url}/facilitator/discovery/resources?${query}`)));
  const first = await page('type=http&limit=2');
  assert.equal(first.items.length, 2);
  assert.equal(first.pagination.limit, 2);
  const rest = await page(`limit=100&offset=2`);
  const all = [...first.items, ...rest.items];
  assert.equal(all.length, first.pagination.total);
  const named = all.map(({ metadata }) => metadata['name']);
  for (const name of names) assert.equal(named.filter((other) => other === name).length, 1, name);
  assert(!named.includes('listed-free'));
  assert.equal(all.find(({ metadata }) => metadata['name'] === 'listed-3')?.metadata['receipts'], 1);
  assert.equal(all.find(({ metadata }) => metadata['name'] === 'listed-1')?.metadata['receipts'], 0);
  assert.deepEqual((await page('type=mcp')).items, []);
  assert.equal((await fetch(`${node.url}/facilitator/discovery/resources?limit=101`)).status, 400);
  const { extensions = {} } = await termsOf(url);
  assert.deepEqual(validateDiscoveryExtension(extensions['bazaar'] as never), { valid: true });
});
