import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { paymentSignatureHeader, type OfferSummary } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let pure: OfferSummary;

before(async () => {
  node = await startTestNode();
  seller = await node.signIn();
  pure = await sell(node, seller, { program: arithmetic, name: 'pure', deterministic: true });
});
after(() => node.end());

async function buy(url: string, headers: Record<string, string> = {}, payer?: Awaited<ReturnType<TestNode['payer']>>) {
  const { token } = node.info;
  assert.ok(token);
  const header = await paymentFor(payer ?? (await node.payer()), await termsOf(url, { headers }), token);
  return fetch(url, { headers: { ...headers, [paymentSignatureHeader]: header } });
}
const runs = async () => (await expectJson(await seller.fetch('/api/tasks?limit=200'))).tasks.length;
const cached = (response: Response) => /cached=(\d)/.exec(response.headers.get('x-freehold-task') ?? '')?.[1];

test('ten payers who ask the same at the same time share one run, and one of them pays', async () => {
  verifies('compute.task.join');
  const url = `${pure.url}/spin?n=300000000`;
  const before = await runs();
  const earned = await node.balanceOf(seller.address);
  const payers = await Promise.all(Array.from({ length: 10 }, () => node.payer()));
  const answers = await Promise.all(payers.map((payer) => buy(url, {}, payer)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal((await runs()) - before, 1);
  assert.equal((await node.balanceOf(seller.address)) - earned, 1000n);
  assert.equal(answers.filter((answer) => cached(answer) === '0').length, 1);
  assert.equal(cached(await fetch(url)), '1', 'and later it is free for anybody');
});

test('a private call is answered to its payer alone, and again for free to him', async () => {
  verifies('compute.task.join');
  const url = `${pure.url}/add?a=41&b=1`;
  const headers = { 'cache-control': 'no-store' };
  const payer = await node.payer();
  const first = await buy(url, headers, payer);
  assert.equal(await first.text(), '42\n');
  assert.equal((await fetch(url)).status, 402, 'an open call does not find it');
  assert.equal((await fetch(url, { headers })).status, 402);
  const had = await node.balanceOf(payer.address);
  const again = await buy(url, headers, payer);
  assert.deepEqual([again.status, cached(again)], [200, '1']);
  assert.equal(await node.balanceOf(payer.address), had);
  const other = await buy(url, headers);
  assert.deepEqual([other.status, cached(other)], [200, '0'], 'another payer has a run of his own');
});

test('an offer that charges for failures is paid for one, and the payment shows the same failure again', async () => {
  const strict = await sell(node, seller, { program: arithmetic, name: 'strict', chargeOnError: true });
  const { token } = node.info;
  assert.ok(token);
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const url = `${strict.url}/fail`;
  const header = await paymentFor(payer, await termsOf(url), token);
  for (const _ of [1, 2]) {
    const response = await fetch(url, { headers: { [paymentSignatureHeader]: header } });
    assert.equal(response.status, 502);
    assert.match(await response.text(), /It is charged, as its offer says/);
    assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
  }
});
