import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeReceipt, decodeSettleResponse, paymentResponseHeader, receiptHeader, type OfferSummary } from '@freehold/protocol';
import { x402Client } from '@x402/core/client';
import { toClientEvmSigner } from '@x402/evm';
import { BatchSettlementEvmScheme } from '@x402/evm/batch-settlement/client';
import { wrapFetchWithPayment } from '@x402/fetch';
import { createPublicClient, http } from 'viem';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let offer: OfferSummary;

before(async () => {
  node = await startTestNode();
  seller = await node.signIn();
  offer = await sell(node, seller, { program: arithmetic, name: 'arithmetic' });
});
after(() => node.end());

/** The stock client, as its documentation has it: a wallet, the scheme, and a chain to look at. */
function stockClient(payer: Awaited<ReturnType<TestNode['payer']>>, options: { deposit?: string; salt?: `0x${string}` } = {}) {
  const chain = createPublicClient({ transport: http(node.info.rpcUrl ?? '') });
  const { deposit = '100000', ...rest } = options;
  const scheme = new BatchSettlementEvmScheme(toClientEvmSigner(payer, chain), {
    depositStrategy: () => deposit,
    ...rest,
  });
  const client = x402Client.fromConfig({ schemes: [{ network: 'eip155:*', client: scheme }], spendControls: false } as never);
  return { scheme, pay: wrapFetchWithPayment(fetch, client) };
}

const settlementOf = (response: Response) => decodeSettleResponse(response.headers.get(paymentResponseHeader) ?? '');

test('the stock x402 client opens a channel, buys many calls with vouchers, and gets the rest back', async () => {
  verifies('payments.stock.channel');
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const { pay, scheme } = stockClient(payer);
  for (let index = 1; index <= 5; index++) {
    const response = await pay(`${offer.url}/add?a=${index}&b=1`);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), `${index + 1}\n`);
    const settlement = settlementOf(response);
    assert.deepEqual([settlement.success, settlement.amount, settlement.extra?.['chargedAmount']], [true, '1000', '1000']);
    const { receipt } = decodeReceipt(response.headers.get(receiptHeader) ?? '');
    assert.deepEqual([receipt.payer, receipt.amount, BigInt(receipt.transaction)], [payer.address, '1000', 0n]);
  }
  assert.equal(had - (await node.balanceOf(payer.address)), 100_000n, 'one deposit');
  const earned = await node.balanceOf(seller.address);
  const refund = await scheme.refund(`${offer.url}/add?a=1&b=1`);
  assert.equal(refund.success, true, JSON.stringify(refund));
  assert.equal(had - (await node.balanceOf(payer.address)), 5_000n);
  assert.equal((await node.balanceOf(seller.address)) - earned, 5_000n, 'claimed with the refund');
  assert.partialDeepStrictEqual(refund.extra, { channelState: { balance: '5000', totalClaimed: '5000' } });
});

test('a stock client whose call failed is charged nothing, and goes on', async () => {
  verifies('payments.stock.channel');
  const { pay } = stockClient(await node.payer());
  assert.equal((await pay(`${offer.url}/add?a=1&b=1`)).status, 200);
  assert.equal((await pay(`${offer.url}/fail`)).status, 502);
  const next = settlementOf(await pay(`${offer.url}/add?a=2&b=1`));
  assert.partialDeepStrictEqual(next.extra, { channelState: { chargedCumulativeAmount: '2000' } });
});

test('a stock client that has forgotten its channel, and one that calls twice at a time, are put right and go on', async () => {
  verifies('payments.stock.channel');
  const payer = await node.payer();
  const first = stockClient(payer);
  for (const a of [1, 2, 3]) assert.equal((await first.pay(`${offer.url}/add?a=${a}&b=5`)).status, 200);
  // It finds the channel on the chain, where nothing is claimed yet, and signs too little; the answer tells it where the channel is.
  const second = stockClient(payer);
  for (const a of [4, 5]) assert.equal((await second.pay(`${offer.url}/add?a=${a}&b=5`)).status, 200);
  const together = await Promise.all([second.pay(`${offer.url}/add?a=6&b=5`), second.pay(`${offer.url}/add?a=7&b=5`)]);
  assert.deepEqual(
    together.map(({ status }) => status),
    [200, 200],
  );
  const last = settlementOf(await first.pay(`${offer.url}/add?a=8&b=5`));
  assert.partialDeepStrictEqual(last.extra, { channelState: { chargedCumulativeAmount: '8000' } });
});

test('a stock client deposits again when its channel is used up', async () => {
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const { pay } = stockClient(payer, { deposit: '2000' });
  for (let index = 1; index <= 5; index++) assert.equal((await pay(`${offer.url}/add?a=${index}&b=9`)).status, 200);
  assert.equal(had - (await node.balanceOf(payer.address)), 6_000n);
});
