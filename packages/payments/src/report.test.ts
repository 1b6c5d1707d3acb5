import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { call, openWorld, pay, seller } from './testing/world.ts';

const world = await openWorld({ limits: { perPayer: '1000000000' } });
after(() => world.close());

test('sums are exact, whatever their length, by day, payer and state', async () => {
  verifies('payments.earnings.window');
  // Longer than any integer of a database, with digits in each of its parts.
  const amounts = [1n, 999_999_999n, 1_000_000_000n, 123_456_789_012_345_678_901_234n, 999_999_999_999_999_999_999_999n];
  const payer = await world.payer(10n ** 30n);
  for (const [index, amount] of amounts.entries()) {
    const offer = world.offer(`sum-${index}`, amount);
    const header = await pay({ required: world.required(offer), payer, budget: '1000000000000000000000000' });
    assert.equal((await call(world.payments, { offer, header })).status, 200);
  }
  const offer = world.offer('failing', 77n);
  const fail = () => Promise.reject(new Error('no'));
  const header = await pay({ required: world.required(offer), payer, budget: '1' });
  assert.equal((await call(world.payments, { offer, header, run: fail })).status, 500);
  const total = amounts.reduce((sum, amount) => sum + amount, 0n);
  const now = Date.now();
  const day = 86_400_000;
  const found = await world.payments.report({ payTo: seller, since: now - day, failures: 5 });
  assert.deepEqual(
    found.payers.map((row) => [row.payer, row.amount, row.payments]),
    [[payer.address, total, amounts.length]],
  );
  assert.equal(
    found.days.reduce((sum, row) => sum + row.amount, 0n),
    total,
  );
  assert(found.days.every((row) => row.day % day === 0 && row.day <= now && row.day > now - 2 * day));
  assert.deepEqual(
    found.released.map((row) => [row.amount, row.payments]),
    [[77n, 1]],
  );
  assert.deepEqual([found.pending, found.exposure, found.failed, found.failures], [[], [], [], []]);
  const later = await world.payments.report({ since: now + day, failures: 5 });
  assert.deepEqual([later.days, later.released], [[], []]);
});
