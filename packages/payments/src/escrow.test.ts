import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { escrowAbi } from '@freehold/contracts';
import { escrowErrors, offerIdOf, type Address, type Offer, type SettleResponse } from '@freehold/protocol';
import { encodeFunctionData } from 'viem';
import { readContract } from 'viem/actions';
import { verifies } from '../../../requirements/verifies.ts';
import { PaymentError } from './error.ts';
import { openPayingGrant } from './testing/grant.ts';
import { advanceChain, sendAs } from './testing/send-as.ts';
import { account, call, openWorld, price, seller, urlOf, type Account } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());

const grantFor = (offer: Offer, payer: Account, more: Partial<Parameters<typeof openPayingGrant>[0]> = {}) =>
  openPayingGrant({ required: world.required(offer), payer, token: world.chain.token, ...more });
type Paying = ReturnType<typeof grantFor>;

const onChain = ({ escrow, provider }: Paying, payer: Address) =>
  readContract(world.client, { address: escrow, abi: escrowAbi, functionName: 'grant', args: [payer, provider] });
const earnedBy = ({ escrow, provider }: Paying) =>
  readContract(world.client, { address: escrow, abi: escrowAbi, functionName: 'balanceOf', args: [provider] });
const settlementOf = (answer: Awaited<ReturnType<typeof call>>): SettleResponse => {
  assert(answer.outcome?.kind === 'settled');
  return answer.outcome.response;
};

test('a grant is opened with the first call, a session key signs the others, and one settlement pays for all', async () => {
  verifies('payments.escrow.vouchers');
  const [payer, session] = [await world.payer(1_000_000n), account()];
  const offer = world.offer('escrow');
  const grant = grantFor(offer, payer, { session });
  const earned = await earnedBy(grant);
  const first = settlementOf(await call(world.payments, { offer, header: await grant.open(100_000n, price), request: '1' }));
  assert.deepEqual(first.extra, { chargedAmount: '1000', epoch: 0, charged: '1000', signed: '1000', budget: '100000' });
  assert.equal(await world.balance(payer.address), 900_000n);
  const sent = await world.client.getTransactionCount({ address: world.keeper.address });
  for (let index = 2n; index <= 10n; index++)
    assert.equal((await call(world.payments, { offer, header: await grant.voucher(price * index), request: String(index) })).status, 200);
  assert.equal(await world.client.getTransactionCount({ address: world.keeper.address }), sent, 'vouchers need no transaction');
  await world.payments.claimAll();
  assert.equal((await onChain(grant, payer.address)).spent, price * 10n);
  assert.equal((await earnedBy(grant)) - earned, price * 10n);
  const [total] = await world.payments.earnings({ offerId: offerIdOf(offer) });
  assert.equal(total?.amount, price * 10n);
});

test('several calls of one payer are under way at a time and arrive in any order', async () => {
  verifies('payments.escrow.ahead');
  const payer = await world.payer(100_000n);
  const offer = world.offer('escrow-ahead');
  const grant = grantFor(offer, payer);
  assert.equal((await call(world.payments, { offer, header: await grant.open(50_000n, price), request: '0' })).status, 200);
  let atOnce = 0;
  let most = 0;
  const run = async () => {
    most = Math.max(most, ++atOnce);
    await sleep(40);
    atOnce--;
    return 'done';
  };
  const places = [6n, 3n, 8n, 2n, 5n, 4n, 7n];
  const answers = await Promise.all(
    places.map(async (place) => call(world.payments, { offer, header: await grant.voucher(price * place), request: String(place), run })),
  );
  assert(answers.every(({ status }) => status === 200));
  assert(most > 3, String(most));
  const [tab] = await world.payments.tabs({ payer: payer.address, limit: 5 });
  assert.deepEqual([tab?.charged, tab?.signed], [8n * price, 8n * price]);
});

test('one voucher sent 20 times in parallel runs one task and is charged once; for another request it is refused', async () => {
  verifies('payments.attack.parallel');
  const payer = await world.payer(100_000n);
  const offer = world.offer('escrow-once');
  const grant = grantFor(offer, payer);
  const header = await grant.open(50_000n, price);
  let runs = 0;
  const run = async () => {
    await sleep(20);
    return `result ${++runs}`;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(world.payments, { offer, header, run })));
  assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 result 1']);
  const other = await call(world.payments, { offer, header: await grant.voucher(price), request: 'another', run }).catch((error) => error);
  assert(other instanceof PaymentError);
  assert.deepEqual([other.code, other.details?.['errorReason'], runs], ['payment_out_of_step', escrowErrors.outOfStep, 1]);
  const terms = world.payments.paymentRequired({ offer, offerId: offerIdOf(offer), url: urlOf(offer), error: other });
  assert.partialDeepStrictEqual(terms.accepts.find(({ scheme }) => scheme === 'escrow')?.extra, {
    epoch: 0,
    charged: '1000',
    signed: '1000',
  });
});

test('a call that fails is charged nothing; the chain is never told of more than was charged', async () => {
  verifies('payments.attack.failure');
  const payer = await world.payer(100_000n);
  const offer = world.offer('escrow-failing');
  const grant = grantFor(offer, payer);
  assert.equal((await call(world.payments, { offer, header: await grant.open(50_000n, price), request: '1' })).status, 200);
  const failed = await call(world.payments, {
    offer,
    header: await grant.voucher(2n * price),
    request: '2',
    run: () => Promise.reject(new Error('no')),
  });
  assert.equal(failed.outcome?.kind, 'released');
  await world.payments.claimAll();
  assert.equal((await onChain(grant, payer.address)).spent, price);
  // What was signed for the failed call covers the next one.
  assert.equal((await call(world.payments, { offer, header: await grant.voucher(2n * price), request: '3' })).status, 200);
  await world.payments.claimAll();
  assert.equal((await onChain(grant, payer.address)).spent, 2n * price);
});

test('the budget, the cap for one call and the key of the grant bind; nothing runs', async () => {
  verifies('payments.escrow.bounds');
  const [payer, session] = [await world.payer(100_000n), account()];
  const offer = world.offer('escrow-bounds');
  const grant = grantFor(offer, payer, { session });
  assert.equal((await call(world.payments, { offer, header: await grant.open(2_500n, price), request: '1' })).status, 200);
  const dear = world.offer('escrow-dear', 2_501n);
  const cases: [string, Offer, () => Promise<string>, string][] = [
    ['the payer, where a session key was named', offer, () => grant.voucher(2n * price, { by: payer }), escrowErrors.signature],
    ['a stranger', offer, () => grant.voucher(2n * price, { by: account() }), escrowErrors.signature],
    ['another epoch', offer, () => grant.voucher(2n * price, { epoch: 1 }), escrowErrors.closing],
    ['another provider', offer, () => grant.voucher(2n * price, { provider: payer.address }), escrowErrors.provider],
    ['too little', offer, () => grant.voucher(2n * price - 1n), escrowErrors.outOfStep],
    ['far too much', offer, () => grant.voucher(100n * price), escrowErrors.outOfStep],
    ['above the cap', dear, () => grantFor(dear, payer, { session }).voucher(price + 2_501n), escrowErrors.priceCap],
  ];
  let runs = 0;
  for (const [what, of, header, reason] of cases) {
    const refusal = await call(world.payments, { offer: of, header: await header(), request: what, run: async () => String(++runs) }).catch(
      (e) => e,
    );
    assert.equal(refusal?.details?.errorReason, reason, what);
  }
  assert.equal((await call(world.payments, { offer, header: await grant.voucher(2n * price), request: '2' })).status, 200);
  const beyond = await call(world.payments, { offer, header: await grant.voucher(3n * price), request: '3' }).catch((e) => e);
  assert.equal(beyond.details.errorReason, escrowErrors.budget);
  assert.equal(runs, 0);
  // The budget is raised with a call, as it was opened.
  assert.equal(
    (await call(world.payments, { offer, header: await grant.open(10_000n, 3n * price, { amount: 7_500n }), request: '3' })).status,
    200,
  );
  assert.equal((await onChain(grant, payer.address)).budget, 10_000n);
});

test('ten openings from a wallet with money for one run one call', async () => {
  verifies('payments.attack.exposure');
  const payer = await world.payer(10_000n);
  const offer = world.offer('escrow-exposure');
  let runs = 0;
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, async (_, index) =>
      call(world.payments, {
        offer,
        header: await grantFor(offer, payer).open(10_000n, price),
        request: String(index),
        run: async () => String(++runs),
      }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, runs);
  assert.equal(runs, 1);
});

test('a metered price is charged what the run took, and settled up to the vouchers within that', async () => {
  verifies('payments.channel.metered');
  const payer = await world.payer(100_000n);
  const signed = world.offer('escrow-metered', 10n);
  const [perSecond] = signed.prices;
  assert(perSecond);
  const metered: Offer = { ...signed, prices: [{ ...perSecond, per: 'second' }] };
  const most: Offer = { ...metered, prices: [{ ...perSecond, per: 'second', amount: '50' }] };
  const grant = openPayingGrant({ required: world.required(most), payer, token: world.chain.token });
  const charge = async (header: string, wallUs: number, request: string) =>
    settlementOf(await call(world.payments, { offer: most, signed: metered, header, request, usage: { wallUs } })).amount;
  assert.equal(await charge(await grant.open(5_000n, 50n), 1, '1'), '10');
  assert.equal(await charge(await grant.voucher(60n), 4_000_000, '2'), '40');
  await world.payments.claimAll();
  assert.equal((await onChain(grant, payer.address)).spent, 50n);
  assert.equal(await charge(await grant.voucher(100n), 1_000_000, '3'), '10');
  await world.payments.claimAll();
  assert.equal((await onChain(grant, payer.address)).spent, 60n, 'the voucher for 60 is within 60');
});

// Last, because it moves the clock of the chain.
test('a payer who revokes is settled with at once, buys nothing more, and has the rest after the notice', async () => {
  verifies('payments.escrow.revoke');
  const payer = await world.payer(100_000n);
  const offer = world.offer('escrow-revoke');
  const grant = grantFor(offer, payer);
  for (const [index, header] of [await grant.open(10_000n, price), await grant.voucher(2n * price)].entries())
    assert.equal((await call(world.payments, { offer, header, request: String(index) })).status, 200);
  await sendAs(world.client, payer.address, grant.escrow, encodeFunctionData({ abi: escrowAbi, functionName: 'revoke', args: [seller] }));
  await world.payments.watch();
  assert.equal((await onChain(grant, payer.address)).spent, 2n * price);
  const more = await call(world.payments, { offer, header: await grant.voucher(3n * price), request: 'more' }).catch((error) => error);
  assert.equal(more.details.errorReason, escrowErrors.closing);
  await advanceChain(world.client, 90_000);
  await sendAs(
    world.client,
    payer.address,
    grant.escrow,
    encodeFunctionData({ abi: escrowAbi, functionName: 'close', args: [payer.address, seller] }),
  );
  const free = await readContract(world.client, {
    address: grant.escrow,
    abi: escrowAbi,
    functionName: 'balanceOf',
    args: [payer.address],
  });
  assert.equal(free, 10_000n - 2n * price);
  await world.payments.watch();
  const [tab] = await world.payments.tabs({ payer: payer.address, limit: 5 });
  assert.equal(tab?.unclaimedSince, undefined);
});
