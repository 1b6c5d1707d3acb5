import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localToken } from '@freehold/contracts';
import { decodePaymentPayload, type PaymentRequired } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { boundNonce } from '../binding.ts';
import { account, seller } from '../testing/world.ts';
import { parseBudgets, parsePreferences } from './budget.ts';
import { choosePayment } from './choose-payment.ts';
import { createPayment } from './create-payment.ts';
import { knownTokens } from './tokens.ts';

const base = knownTokens[0];
assert(base);

const terms = ({ network, asset }: { network: string; asset: string }, amount: string, scheme = 'exact') => ({
  scheme,
  network,
  asset,
  amount,
  payTo: seller,
  maxTimeoutSeconds: 60,
  extra: { name: 'USD Coin', version: '2' },
});
const required = (...accepts: PaymentRequired['accepts']): PaymentRequired => ({
  x402Version: 2,
  resource: { url: 'http://seller.example/fn/a' },
  accepts,
});

test('budgets are read in all their forms, and what is none is told', () => {
  verifies('fn.budget');
  assert.deepEqual(parseBudgets('10.0'), [{ amount: '10.0' }]);
  assert.deepEqual(parseBudgets('USDC:10.0, USDC@Base:5'), [
    { amount: '10.0', symbol: 'USDC' },
    { amount: '5', symbol: 'USDC', network: 'eip155:8453' },
  ]);
  assert.deepEqual(parseBudgets('USDC@eip155:10:5'), [{ amount: '5', symbol: 'USDC', network: 'eip155:10' }]);
  for (const text of ['', 'ten', '-1', '1e3', 'USDC', 'USDC:', '@Base:1', 'USDC@Nowhere:1', '0x10', '1,,2', 'Infinity', 'NaN']) {
    assert.throws(() => parseBudgets(text), { code: 'budget_malformed' }, text);
  }
});

test('preferences are read in all their forms', () => {
  verifies('fn.budget');
  assert.deepEqual(parsePreferences('USDC'), [{ symbol: 'USDC', networks: [] }]);
  assert.deepEqual(parsePreferences('USDC@base'), [{ symbol: 'USDC', networks: ['eip155:8453'] }]);
  assert.deepEqual(parsePreferences('{"USDC":["Base","BaseSepolia"],"EURC":[]}'), [
    { symbol: 'USDC', networks: ['eip155:8453', 'eip155:84532'] },
    { symbol: 'EURC', networks: [] },
  ]);
  for (const text of ['', '{', '{"USDC":"Base"}', '{"USDC":[1]}', '{"USDC":["Mars"]}', 'US DC']) {
    assert.throws(() => parsePreferences(text), { code: 'budget_malformed' }, text);
  }
});

test('a price is paid up to the budget and not one unit above it; every budget that fits must allow it', () => {
  const choose = (amount: string, max: string) => choosePayment({ required: required(terms(base, amount)), budgets: parseBudgets(max) });
  assert.equal(choose('10000000', '10.0').token, base);
  assert.throws(() => choose('10000001', '10.0'), { code: 'payment_over_budget', message: /10\.000001 USDC/ });
  assert.throws(() => choose('5000001', '10.0,USDC@Base:5.0'), { code: 'payment_over_budget' });
  assert.equal(choose('1000000', 'USDC@Base:5.0,1').token, base);
  assert.throws(() => choose('1000001', 'USDC@Base:5.0,1'), { code: 'payment_over_budget' });
  assert.throws(() => choose('200000', '1,0.1'), { code: 'payment_over_budget' });
  assert.throws(() => choose('1', 'EURC:5'), { code: 'payment_over_budget' });
  assert.throws(() => choose('1', '0.0000001'), { code: 'budget_malformed', message: /decimals/ });
  assert.throws(() => choosePayment({ required: required(terms(base, '1')), budgets: [] }), { code: 'payment_over_budget' });
});

test('only known tokens, the scheme exact and preferred networks are paid; the seller chooses among the rest', () => {
  const budgets = parseBudgets('1');
  const fake = { ...base, asset: seller };
  assert.throws(() => choosePayment({ required: required(terms(fake, '1')), budgets }), { code: 'payment_no_option' });
  assert.throws(() => choosePayment({ required: required(terms(base, '1', 'upto')), budgets }), { code: 'payment_no_option' });
  assert.throws(() => choosePayment({ required: required(), budgets }), { code: 'payment_no_option' });
  assert.throws(() => choosePayment({ required: required({ ...terms(base, '1'), payTo: 'whoever' }), budgets }), {
    code: 'payment_no_option',
  });
  const trap = required({ ...terms(base, '1'), scheme: '\u001b[2J' });
  assert.throws(
    () => choosePayment({ required: trap, budgets }),
    (error: Error) => !error.message.includes('\u001b'),
  );
  const both = required(terms(fake, '1'), terms(base, '2000000'), terms(localToken, '5'), terms(base, '1'));
  assert.equal(choosePayment({ required: both, budgets }).token, localToken);
  assert.equal(choosePayment({ required: both, budgets, preferences: parsePreferences('USDC@Base') }).requirement.amount, '1');
});

test('a payment is signed for our own domain, for a bounded time, with a nonce bound to the offer', async () => {
  const payer = account();
  const offer = 'ab'.repeat(32);
  const demand = {
    ...required({ ...terms(localToken, '5'), maxTimeoutSeconds: 1e9, extra: { name: 'Trap', version: '9' } }),
    extensions: { freehold: { info: { offer } }, other: { info: 1 } },
  };
  const chosen = choosePayment({ required: demand, budgets: parseBudgets('1') });
  const domains: unknown[] = [];
  const header = await createPayment({
    required: demand,
    chosen,
    account: { address: payer.address, signTypedData: (data) => (domains.push(data.domain), payer.signTypedData(data)) },
    now: () => 1_000_000,
    randomBytes: (count) => new Uint8Array(count).fill(7),
  });
  const payload = decodePaymentPayload(header);
  const salt = `0x${'07'.repeat(32)}` as const;
  assert.deepEqual(domains, [{ ...localToken.domain, chainId: 31337, verifyingContract: localToken.asset }]);
  assert.deepEqual(payload.accepted, demand.accepts[0]);
  assert.deepEqual(payload.extensions, { freehold: { info: { offer }, salt }, other: { info: 1 } });
  const { authorization } = payload.payload as { authorization: Record<string, string> };
  assert.equal(authorization.validBefore, String(1_000 + 3_600));
  assert.equal(authorization.nonce, boundNonce({ offerId: offer, salt }));
});
