import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { call, openWorld, pay, price, seller } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());

test('a paid call moves the price from the payer to the seller and says so', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('happy');
  const before = await world.balance(seller);
  const answer = await call(world.payments, { offer, header: await pay({ required: world.required(offer), payer }) });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'result');
  assert(answer.outcome?.kind === 'settled');
  assert.equal(answer.outcome.response.success, true);
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert.equal(await world.balance(seller), before + price);
});
