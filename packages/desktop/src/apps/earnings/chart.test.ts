import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAddress } from '@freehold/protocol';
import { barsOf } from './chart.ts';
import { failureWords } from './failure-words.ts';

test('there is a bar for each day, high as its share of the best one', () => {
  const token = { network: 'eip155:8453', asset: toAddress('0x833589fcd6edb6e08f4c7c32d4f71b54bda02913') };
  const row = (day: string, amount: string, other = token) => ({ ...other, day, amount, payments: 1 });
  const days = [row('2026-11-25', '500'), row('2026-11-23', '2000'), row('2026-11-24', '9', { ...token, network: 'eip155:1' })];
  const bars = barsOf({ days }, token, 4, Date.parse('2026-11-25T12:00:00Z'));
  assert.deepEqual(
    bars.map(({ day, amount, height }) => [day, amount, height]),
    [
      ['2026-11-22', '0', 0],
      ['2026-11-23', '2000', 1000],
      ['2026-11-24', '0', 0],
      ['2026-11-25', '500', 250],
    ],
  );
});

test('why a payment failed is said in words', () => {
  assert.equal(failureWords('insufficient_funds'), 'the wallet no longer held the price');
  assert.equal(failureWords('reorganised: insufficient_funds'), 'the chain took it back, and the wallet no longer held the price');
  assert.equal(failureWords('new_reason'), 'new_reason');
});
