import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeReceipt, defaultLimits, paymentSignatureHeader, receiptHeader, type SignedReceipt } from '@freehold/protocol';
import type { PrivateKeyAccount } from 'viem/accounts';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic, printing } from './testing/modules.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let seller: Person;
let payer: PrivateKeyAccount;

before(async () => {
  node = await startTestNode();
  seller = await node.signIn();
  payer = await node.payer();
});
after(() => node.end());

const tokenOf = () => node.info.token ?? assert.fail();
const price = (amount: string, per: 'call' | 'mfuel') => {
  const { network, asset } = tokenOf();
  return [{ network, asset, amount, payTo: seller.address, per }];
};

async function buy(path: string): Promise<{ status: number; text: string; receipt: SignedReceipt | undefined; spent: bigint }> {
  const had = await node.balanceOf(payer.address);
  const url = `${node.url}${path}`;
  const header = await paymentFor(payer, await termsOf(url), tokenOf());
  const response = await fetch(url, { headers: { [paymentSignatureHeader]: header } });
  const given = response.headers.get(receiptHeader);
  const receipt = given === null ? undefined : decodeReceipt(given);
  return { status: response.status, text: await response.text(), receipt, spent: had - (await node.balanceOf(payer.address)) };
}

test('a price per million instructions is paid for all that the offer allows, and the receipt names those that ran', async () => {
  verifies('compute.fuel.receipt');
  const limits = { ...defaultLimits, fuel: 2_500_000 };
  await sell(node, seller, { program: arithmetic, name: 'metered', deterministic: true, limits, prices: price('100', 'mfuel') });
  assert.equal((await termsOf(`${node.url}/metered.cgi/spin?n=1000`)).accepts[0]?.amount, '300');
  const { status, text, receipt, spent } = await buy('/metered.cgi/spin?n=1000');
  assert.deepEqual([status, text, spent], [200, '0\n', 300n]);
  const fuel = receipt?.receipt.fuel ?? assert.fail('the receipt names no instructions');
  assert.ok(fuel > 1000 && fuel < 20_000, String(fuel));
  // Free, and with a receipt of its own that names the same.
  const again = await fetch(`${node.url}/metered.cgi/spin?n=1000`);
  assert.equal(decodeReceipt(again.headers.get(receiptHeader) ?? '').receipt.fuel, fuel);
  // More than is allowed: it is stopped there, and costs nothing.
  const over = await buy('/metered.cgi/spin?n=2000000');
  assert.deepEqual([over.status, over.spent, over.receipt], [502, 0n, undefined]);
  assert.match(over.text, /ran more instructions than its offer allows.*Nothing was charged/);
});

test('an offer that charges for failures is paid for those of the program, and says so', async () => {
  verifies('compute.charge-on-error');
  const prices = price('100', 'call');
  await sell(node, seller, { program: arithmetic, name: 'charging', chargeOnError: true, prices });
  await sell(node, seller, { program: arithmetic, name: 'forgiving', prices });
  for (const [name, spent, cost] of [
    ['charging', 100n, /It is charged, as its offer says/],
    ['forgiving', 0n, /Nothing was charged/],
  ] as const) {
    const failed = await buy(`/${name}.cgi/fail`);
    assert.deepEqual([failed.status, failed.spent], [502, spent], failed.text);
    assert.match(failed.text, cost);
  }
  // An answer by which the program refuses is no failure of it: it is free in both.
  const refusing = printing('Status: 404 Not Found\nContent-Type: text/plain\n\nno\n');
  await sell(node, seller, { program: refusing, name: 'refusing', chargeOnError: true, prices });
  const refused = await buy('/refusing.cgi');
  assert.deepEqual([refused.status, refused.spent], [404, 0n]);
  // The same payment again is answered with the same failure, and charged once.
  const url = `${node.url}/charging.cgi/fail`;
  const header = await paymentFor(payer, await termsOf(url), tokenOf());
  const had = await node.balanceOf(payer.address);
  for (let round = 0; round < 2; round++) {
    const response = await fetch(url, { headers: { [paymentSignatureHeader]: header } });
    assert.equal(response.status, 502);
    await response.body?.cancel();
  }
  assert.equal(had - (await node.balanceOf(payer.address)), 100n);
});
