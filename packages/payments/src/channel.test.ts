import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { batchSettlementAbi } from '@freehold/contracts';
import { channelContracts, channelErrors, offerIdOf, toAddress, type Offer, type SettleResponse } from '@freehold/protocol';
import { encodeFunctionData } from 'viem';
import { readContract } from 'viem/actions';
import { verifies } from '../../../requirements/verifies.ts';
import { PaymentError } from './error.ts';
import { openPayingChannel } from './testing/channel.ts';
import { advanceChain, sendAs } from './testing/send-as.ts';
import { call, openWorld, price, seller, urlOf, type Account } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());
const contract = toAddress(channelContracts.settlement);

const channelFor = (offer: Offer, payer: Account, more: Partial<Parameters<typeof openPayingChannel>[0]> = {}) =>
  openPayingChannel({ required: world.required(offer), payer, token: world.chain.token, ...more });

const onChain = async (id: `0x${string}`) => {
  const [balance, claimed] = await readContract(world.client, {
    address: contract,
    abi: batchSettlementAbi,
    functionName: 'channels',
    args: [id],
  });
  return { balance, claimed };
};

const settlementOf = (answer: Awaited<ReturnType<typeof call>>): SettleResponse => {
  assert(
    answer.outcome?.kind === 'settled',
    JSON.stringify(answer.outcome, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
  return answer.outcome.response;
};

test('a deposit, then vouchers: each call is charged once, without a transaction, and one claim pays the seller for all', async () => {
  verifies('payments.channel.vouchers');
  const payer = await world.payer(1_000_000n);
  const offer = world.offer('channel');
  const channel = channelFor(offer, payer);
  const earned = await world.balance(seller);
  const first = settlementOf(await call(world.payments, { offer, header: await channel.deposit(100_000n, price), request: '1' }));
  assert.equal(first.amount, String(price));
  assert.deepEqual(first.extra?.['channelState'], {
    channelId: channel.id,
    balance: '100000',
    totalClaimed: '0',
    withdrawRequestedAt: 0,
    refundNonce: '0',
    chargedCumulativeAmount: String(price),
  });
  assert.equal(await world.balance(payer.address), 900_000n);
  const sent = await world.client.getTransactionCount({ address: world.keeper.address });
  for (let index = 2n; index <= 10n; index++) {
    const answer = await call(world.payments, { offer, header: await channel.voucher(price * index), request: String(index) });
    assert.equal(settlementOf(answer).transaction, '');
  }
  assert.equal(await world.client.getTransactionCount({ address: world.keeper.address }), sent, 'vouchers need no transaction');
  await world.payments.claimAll();
  assert.deepEqual(await onChain(channel.id), { balance: 100_000n, claimed: price * 10n });
  assert.equal((await world.balance(seller)) - earned, price * 10n);
  const [total] = await world.payments.earnings({ offerId: offerIdOf(offer) });
  assert.deepEqual([total?.amount, total?.payments], [price * 10n, 10]);
});

test('one voucher sent 20 times in parallel runs one task, is charged once, and has the same answer later', async () => {
  verifies('payments.attack.parallel');
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-once');
  const header = await channelFor(offer, payer).deposit(50_000n, price);
  let runs = 0;
  const run = async () => {
    runs++;
    await sleep(30);
    return `result ${runs}`;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(world.payments, { offer, header, run })));
  assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 result 1']);
  const later = await call(world.payments, { offer, header, run });
  assert.deepEqual([later.status, later.body, runs], [200, 'result 1', 1]);
  assert.equal(await world.balance(payer.address), 50_000n, 'one deposit');
  const [tab] = await world.payments.tabs({ payer: payer.address, limit: 5 });
  assert.equal(tab?.charged, price);
});

test('a call that fails is charged nothing, and the same voucher buys the next one', async () => {
  verifies('payments.attack.failure');
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-failing');
  const channel = channelFor(offer, payer);
  const failed = await call(world.payments, {
    offer,
    header: await channel.deposit(10_000n, price),
    run: () => Promise.reject(new Error('no')),
  });
  assert.equal(failed.outcome?.kind, 'released');
  const next = await call(world.payments, { offer, header: await channel.voucher(price), request: 'another' });
  assert.equal(settlementOf(next).amount, String(price));
  const [tab] = await world.payments.tabs({ payer: payer.address, limit: 5 });
  assert.deepEqual([tab?.charged, tab?.balance], [price, 10_000n]);
});

test('a price per second holds the most and charges what the run took', async () => {
  verifies('payments.channel.metered');
  const payer = await world.payer(1_000_000n);
  const signed = world.offer('channel-metered', 10n);
  const [perSecond] = signed.prices;
  assert(perSecond);
  const metered: Offer = { ...signed, minimumMs: 2_000, prices: [{ ...perSecond, per: 'second' }] };
  const most: Offer = { ...metered, prices: [{ ...perSecond, per: 'second', amount: '600' }] };
  const channel = openPayingChannel({ required: world.required(most), payer, token: world.chain.token });
  const charge = async (header: string, wallUs: number, request: string) =>
    settlementOf(await call(world.payments, { offer: most, signed: metered, header, request, usage: { wallUs } }));
  assert.equal((await charge(await channel.deposit(6_000n, 600n), 100, '1')).amount, '20', 'the shortest time of the offer');
  assert.equal((await charge(await channel.voucher(620n), 2_000_001, '2')).amount, '30', 'each second that began');
  const last = await charge(await channel.voucher(650n), 3_600_000_000, '3');
  assert.deepEqual([last.amount, last.extra?.['chargedAmount']], ['600', '600'], 'never more than was held');
  await world.payments.claimAll();
  assert.equal((await onChain(channel.id)).claimed, 650n);
});

test('a voucher that does not follow is answered with where the channel is, and nothing runs', async () => {
  verifies('payments.channel.correction');
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-step');
  const channel = channelFor(offer, payer);
  const first = await channel.deposit(10_000n, price);
  assert.equal((await call(world.payments, { offer, header: first, request: '1' })).status, 200);
  let runs = 0;
  for (const [what, header] of Object.entries({
    'the same for another request': first,
    'the same as a voucher': await channel.voucher(price),
    'one unit short': await channel.voucher(2n * price - 1n),
    'far ahead': await channel.voucher(3n * price),
    'beyond the balance': await channel.voucher(20_000n),
  })) {
    const refusal = await call(world.payments, { offer, header, request: 'another', run: async () => String(++runs) }).catch(
      (error) => error,
    );
    assert(refusal instanceof PaymentError, what);
    assert.deepEqual([refusal.code, refusal.details?.['errorReason']], ['payment_out_of_step', channelErrors.mismatch], what);
    const again = world.payments.paymentRequired({ offer, offerId: offerIdOf(offer), url: urlOf(offer), error: refusal });
    assert.equal(again.error, channelErrors.mismatch);
    const corrected = again.accepts.find(({ scheme }) => scheme === 'batch-settlement');
    const state = corrected?.extra['channelState'] as { chargedCumulativeAmount: string };
    assert.equal(state.chargedCumulativeAmount, String(price), what);
    assert.deepEqual(Object.keys(corrected?.extra['voucherState'] ?? {}), ['signedMaxClaimable', 'signature']);
  }
  assert.equal(runs, 0);
  assert.equal((await call(world.payments, { offer, header: await channel.voucher(2n * price), request: 'another' })).status, 200);
});

test('several calls of one channel run at a time, each on its own voucher', async () => {
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-parallel');
  const channel = channelFor(offer, payer);
  await call(world.payments, { offer, header: await channel.deposit(50_000n, price), request: '0' });
  const headers = [];
  for (let index = 2n; index <= 6n; index++) headers.push(await channel.voucher(price * index));
  let atOnce = 0;
  let most = 0;
  const run = async () => {
    most = Math.max(most, ++atOnce);
    await sleep(50);
    atOnce--;
    return 'done';
  };
  const answers = [];
  for (const [index, header] of headers.entries()) {
    answers.push(call(world.payments, { offer, header, request: String(index + 1), run }));
    await sleep(5);
  }
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert(most > 1);
  const [tab] = await world.payments.tabs({ payer: payer.address, limit: 5 });
  assert.equal(tab?.charged, 6n * price);
});

test('ten deposits from a wallet with money for one run one call', async () => {
  verifies('payments.attack.exposure');
  const payer = await world.payer(10_000n);
  const offer = world.offer('channel-exposure');
  let runs = 0;
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, async (_, index) => {
      const header = await channelFor(offer, payer).deposit(10_000n, price);
      return call(world.payments, { offer, header, request: String(index), run: async () => String(++runs) });
    }),
  );
  assert.equal(runs, 1);
  assert.equal(answers.filter((answer) => answer.status === 'fulfilled').length, 1);
});

test('the payer asks for what is left: it is claimed and given back in one transaction', async () => {
  verifies('payments.channel.refund');
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-refund');
  const channel = channelFor(offer, payer);
  const refund = (header: string) => world.payments.refund({ header, offer, offerId: offerIdOf(offer), url: urlOf(offer) });
  const sale = await channel.deposit(10_000n, price);
  await call(world.payments, { offer, header: sale });
  assert.equal(await refund(sale), undefined);
  await assert.rejects(async () => refund(await channel.refund(price + 1n)), { code: 'payment_out_of_step' });
  await assert.rejects(async () => refund(await channel.refund(price, 9_001n)), { details: { errorReason: channelErrors.refundAmount } });
  const part = await refund(await channel.refund(price, 4_000n));
  assert.deepEqual([part?.success, part?.amount], [true, '4000']);
  assert.equal(await world.balance(payer.address), 94_000n);
  assert.deepEqual(await onChain(channel.id), { balance: 6_000n, claimed: price });
  assert.equal((await call(world.payments, { offer, header: await channel.voucher(2n * price), request: '2' })).status, 200);
  const rest = await refund(await channel.refund(2n * price));
  assert.equal(rest?.amount, '4000');
  assert.equal(await world.balance(payer.address), 100_000n - 2n * price);
  await assert.rejects(async () => refund(await channel.refund(2n * price)), { details: { errorReason: channelErrors.noBalance } });
});

// Last, because it moves the clock of the chain.
test('a payer who takes his money back is claimed from at once, and gets the rest alone', async () => {
  verifies('payments.channel.withdraw-race');
  const payer = await world.payer(100_000n);
  const offer = world.offer('channel-withdraw');
  const channel = channelFor(offer, payer);
  for (const [index, header] of [await channel.deposit(10_000n, price), await channel.voucher(2n * price)].entries())
    assert.equal((await call(world.payments, { offer, header, request: String(index) })).status, 200);
  const args = [channel.config, 10_000n] as const;
  await sendAs(
    world.client,
    payer.address,
    contract,
    encodeFunctionData({ abi: batchSettlementAbi, functionName: 'initiateWithdraw', args }),
  );
  await world.payments.watch();
  assert.deepEqual(await onChain(channel.id), { balance: 10_000n, claimed: 2n * price });
  const more = await call(world.payments, { offer, header: await channel.voucher(3n * price), request: 'more' }).catch((error) => error);
  assert.equal(more.details.errorReason, channelErrors.exceedsBalance);

  await advanceChain(world.client, channel.config.withdrawDelay + 1);
  await sendAs(
    world.client,
    payer.address,
    contract,
    encodeFunctionData({ abi: batchSettlementAbi, functionName: 'finalizeWithdraw', args: [channel.config] }),
  );
  assert.equal(await world.balance(payer.address), 100_000n - 2n * price);
});
