import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { encodeFunctionData, parseAbi } from 'viem';
import { verifies } from '../../../requirements/verifies.ts';
import { sendAs } from './testing/send-as.ts';
import { until } from './testing/until.ts';
import { account, call, openWorld, pay, seller, upfrontPrice } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());
const { chain } = world;

test('dear work is paid before it is begun; what its payer does with his wallet meanwhile changes nothing', async () => {
  verifies('payments.upfront.first');
  const payer = await world.payer(2n * upfrontPrice);
  const offer = world.offer('upfront', upfrontPrice);
  const required = world.required(offer);
  assert.equal(required.accepts[0]?.extra['paymentFlow'], 'upfront');
  const [before, header] = [await world.balance(seller), await pay({ required, payer })];
  let runs = 0;
  const run = async () => {
    runs++;
    assert.equal((await world.balance(seller)) - before, upfrontPrice);
    const transfer = encodeFunctionData({
      abi: parseAbi(['function transfer(address to, uint256 value)']),
      args: [account().address, upfrontPrice],
    });
    await sendAs(world.client, payer.address, chain.token.asset, transfer);
    return 'result';
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(world.payments, { offer, header, run })));
  assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 result']);
  assert.equal(runs, 1);
  assert.equal((await call(world.payments, { offer, header, run })).body, 'result');
  assert.equal((await world.balance(seller)) - before, upfrontPrice);
  assert.deepEqual(await world.payments.refunds({ payer: payer.address, limit: 5 }), []);
});

test('money that cannot be moved begins nothing', async () => {
  verifies('payments.upfront.first');
  const payer = await world.payer(upfrontPrice - 1n);
  const offer = world.offer('upfront-poor', upfrontPrice);
  const header = await pay({ required: world.required(offer), payer });
  let runs = 0;
  await assert.rejects(call(world.payments, { offer, header, run: async () => String(++runs) }), { status: 402 });
  assert.equal(runs, 0);
});

test('work that was paid upfront and failed is refunded: owed at once, and paid out when the node holds the money', async () => {
  verifies('payments.upfront.refund');
  const payer = await world.payer(upfrontPrice);
  const offer = world.offer('upfront-failing', upfrontPrice);
  const header = await pay({ required: world.required(offer), payer });
  const failed = await call(world.payments, { offer, header, run: () => Promise.reject(new Error('no')) });
  assert.equal(failed.outcome?.kind, 'released');
  const refundOf = async () => (await world.payments.refunds({ payer: payer.address, limit: 5 }))[0];
  assert.partialDeepStrictEqual(await refundOf(), { amount: upfrontPrice, paidAt: undefined });
  assert.deepEqual(await world.payments.earnings({ payTo: seller }).then((all) => all.filter(({ amount }) => amount === 0n)), []);
  await assert.rejects(call(world.payments, { offer, header }), { code: 'payment_invalid' }, 'it is spent');

  await chain.fund(world.keeper.address, upfrontPrice);
  await world.reopen();
  await until(async () => (await refundOf())?.paidAt !== undefined);
  assert.equal(await world.balance(payer.address), upfrontPrice);
  await world.reopen();
  assert.equal(await world.balance(payer.address), upfrontPrice, 'once');
});
