import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { offerIdOf } from '@freehold/protocol';
import { account, call, openWorld, pay, price, seller, urlOf } from './testing/world.ts';
import { openWeather } from './testing/weather.ts';
import { encodeFunctionData, parseAbi, parseTransaction } from 'viem';
import { verifies } from '../../../requirements/verifies.ts';

const world = await openWorld({ limits: { answerWithinMs: 300, stuckAfterMs: 400 } });
const weather = await openWeather(world.chain.rpcUrl);
afterEach(() => weather.clear());
await world.reopen({ newRpcUrl: weather.url });
after(async () => {
  await world.close();
  await weather.close();
});
const request = world.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;

/** Admits, runs and begins to settle one call. */
async function executedCall(name: string) {
  const payer = await world.payer(10_000n);
  const offer = world.offer(name);
  const header = await pay({ required: world.required(offer), payer });
  const admission = await world.payments.admit({
    header,
    offer,
    offerId: offerIdOf(offer),
    url: urlOf(offer),
    taskId: 'task',
    requestHash: '0x00',
  });
  assert(admission.kind === 'reserved');
  const { reservation } = admission;
  await world.payments.begin(reservation);
  await world.payments.executed(reservation, 'result');
  return { payer, offer, header, reservation };
}

test('while the chain is down a settlement is pending, and it is settled when the chain is back', async () => {
  const { payer, reservation } = await executedCall('down');
  weather.isDown = true;
  const pending = await world.payments.settle(reservation);
  assert.equal(pending.kind, 'pending');
  assert.equal(await world.balance(payer.address), 10_000n);
  weather.isDown = false;
  const outcome = await world.payments.settle(reservation, { withinMs: 10_000 });
  assert.equal(outcome.kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('while the chain is down new payments are refused with 503 and charge nothing', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('down-admission');
  const header = await pay({ required: world.required(offer), payer });
  weather.isDown = true;
  await assert.rejects(call(world.payments, { offer, header }), { code: 'payment_unavailable', status: 503 });
  weather.isDown = false;
  assert.equal((await call(world.payments, { offer, header })).status, 200);
});

test('a transaction whose sending was not answered is found, and is not sent as a second one', async () => {
  const { payer, reservation } = await executedCall('unanswered');
  const before = await world.balance(seller);
  let sent = 0;
  weather.after = ({ method }) => (method === 'eth_sendRawTransaction' && ++sent === 1 ? 'cut' : undefined);
  const outcome = await world.payments.settle(reservation, { withinMs: 10_000 });
  weather.after = () => undefined;
  assert.equal(outcome.kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert.equal(await world.balance(seller), before + price);
});

test('a settlement that is pending at a stop goes on at the next start, with a new key', async () => {
  const { payer, offer, header, reservation } = await executedCall('restart');
  weather.isDown = true;
  assert.equal((await world.payments.settle(reservation)).kind, 'pending');
  weather.isDown = false;
  const { resumed } = await world.reopen({ newKeeper: account() });
  assert.equal(resumed, 1);
  assert.equal((await world.payments.outcome(reservation, { withinMs: 10_000 })).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
  const replay = await world.payments.admit({
    header,
    offer,
    offerId: offerIdOf(offer),
    url: urlOf(offer),
    taskId: 'task',
    requestHash: '0x00',
  });
  assert.equal(replay.kind, 'settled');
});

test('transactions that the chain does not mine are sent again with a higher fee under the same nonces', async () => {
  const calls = await Promise.all([executedCall('stuck-1'), executedCall('stuck-2'), executedCall('stuck-3')]);
  const before = await world.client.getTransactionCount({ address: world.keeper.address });
  await request({ method: 'evm_setAutomine', params: [false] });
  const outcomes = calls.map(({ reservation }) => world.payments.settle(reservation, { withinMs: 15_000 }));
  while (world.events.filter((event) => event.startsWith('payment.settle_resent')).length < 3) await sleep(20);
  await request({ method: 'evm_setAutomine', params: [true] });
  await request({ method: 'evm_mine', params: [] });
  for (const outcome of await Promise.all(outcomes)) assert.equal(outcome.kind, 'settled');
  for (const { payer } of calls) assert.equal(await world.balance(payer.address), 10_000n - price);
  assert.equal(await world.client.getTransactionCount({ address: world.keeper.address }), before + 3, 'one nonce each');
});

test('transactions that the chain has forgotten are sent again', async () => {
  const { payer, reservation } = await executedCall('forgotten');
  await request({ method: 'evm_setAutomine', params: [false] });
  const outcome = world.payments.settle(reservation, { withinMs: 15_000 });
  while ((await world.payments.history({ payer: payer.address, limit: 1 }))[0]?.state !== 'settling') await sleep(5);
  await sleep(50);
  await request({ method: 'anvil_dropAllTransactions', params: [] });
  await request({ method: 'evm_setAutomine', params: [true] });
  assert.equal((await outcome).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('a keeper without gas leaves payments pending, and goes on when it has some', async () => {
  const { payer, reservation } = await executedCall('no-gas');
  await request({ method: 'anvil_setBalance', params: [world.keeper.address, '0x0'] });
  assert.equal((await world.payments.settle(reservation)).kind, 'pending');
  assert(world.events.some((event) => event.startsWith('payment.settle_delayed') && event.includes('"refused"')));
  await request({ method: 'anvil_setBalance', params: [world.keeper.address, '0xde0b6b3a7640000'] });
  assert.equal((await world.payments.outcome(reservation, { withinMs: 10_000 })).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('with blocks every second, many settlements share a block', async () => {
  const calls = await Promise.all(Array.from({ length: 12 }, (_, index) => executedCall(`interval-${index}`)));
  await request({ method: 'evm_setAutomine', params: [false] });
  await request({ method: 'evm_setIntervalMining', params: [1] });
  const outcomes = await Promise.all(calls.map(({ reservation }) => world.payments.settle(reservation, { withinMs: 15_000 })));
  await request({ method: 'evm_setIntervalMining', params: [0] });
  await request({ method: 'evm_setAutomine', params: [true] });
  assert(outcomes.every(({ kind }) => kind === 'settled'));
});

test('a stuck transaction is replaced under its nonce until the fee has come to many times that of the chain, and then waits', async () => {
  verifies('payments.outbox.fees');
  await world.reopen({ newLimits: { stuckAfterMs: 30 } });
  const { payer, reservation } = await executedCall('dear');
  const nonce = await world.client.getTransactionCount({ address: world.keeper.address });
  await request({ method: 'evm_setAutomine', params: [false] });
  const settling = world.payments.settle(reservation, { withinMs: 20_000 });
  while (!world.events.some((event) => event.includes('It is left to wait'))) await sleep(20);
  const signed = await world.carriers(reservation.id);
  const fees = signed.map(({ raw }) => parseTransaction(raw).maxFeePerGas ?? 0n);
  assert.deepEqual([...new Set(signed.map(({ senderNonce }) => senderNonce))], [nonce]);
  for (const [index, fee] of fees.entries()) {
    const before = fees[index - 1];
    assert(before === undefined || fee * 10n >= before * 11n, 'go-ethereum takes no replacement for less than a tenth more');
  }
  const [first = 0n] = fees;
  const last = fees.at(-1) ?? 0n;
  assert(last > first * 10n && last <= first * 20n, String(fees));
  await request({ method: 'evm_setAutomine', params: [true] });
  await request({ method: 'evm_mine', params: [] });
  assert.equal((await settling).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
  await world.reopen({ newLimits: { stuckAfterMs: 400 } });
});

test('with confirmations nothing is given out before the transaction is that deep', async () => {
  verifies('payments.outbox.reorganised');
  await world.reopen({ newConfirmations: 3 });
  const { reservation } = await executedCall('deep');
  assert.equal((await world.payments.settle(reservation, { withinMs: 300 })).kind, 'pending');
  await request({ method: 'evm_mine', params: [] });
  assert.equal((await world.payments.settle(reservation, { withinMs: 600 })).kind, 'pending', 'two blocks are not three');
  assert.equal((await world.carriers(reservation.id)).length, 1, 'and it is not sent again');
  await request({ method: 'evm_mine', params: [] });
  assert.equal((await world.payments.settle(reservation, { withinMs: 10_000 })).kind, 'settled');
  await world.reopen({ newConfirmations: 1 });
});

test('a server that lies about a receipt gives out nothing', async () => {
  verifies('payments.outbox.lies');
  const { payer, reservation } = await executedCall('lied-receipt');
  await request({ method: 'evm_setAutomine', params: [false] });
  const invented = { status: '0x1', blockNumber: '0x1', logs: [] };
  weather.lie = ({ method, params }, result) =>
    method === 'eth_getTransactionReceipt' && result === null ? { ...invented, transactionHash: params[0] } : result;
  assert.equal((await world.payments.settle(reservation)).kind, 'pending');
  assert(world.events.some((event) => event.startsWith('chain.lied')));
  weather.clear();
  await request({ method: 'evm_setAutomine', params: [true] });
  await request({ method: 'evm_mine', params: [] });
  assert.equal((await world.payments.settle(reservation, { withinMs: 10_000 })).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('errors 500, answers that are no JSON, nonsense, and another chain behind the address delay a settlement and change nothing else', async () => {
  verifies('payments.outbox.lies');
  const fates: Record<string, () => void> = {
    fail: () => (weather.before = () => 'fail'),
    garble: () => (weather.after = () => 'garble'),
    nonsense: () => (weather.lie = () => 'nonsense'),
    nothing: () => (weather.lie = () => null),
    'another chain': () => {
      weather.isDown = true;
      setTimeout(() => (weather.isDown = false), 150);
      weather.lie = ({ method }, result) => (method === 'eth_chainId' ? '0x2105' : result);
    },
  };
  // A request waits for ten seconds.
  if (process.env['FREEHOLD_LONG'] === '1') fates['hang'] = () => (weather.after = () => 'hang');
  for (const [fate, befall] of Object.entries(fates)) {
    const { payer, reservation } = await executedCall(`fate-${fate}`);
    befall();
    assert.equal((await world.payments.settle(reservation)).kind, 'pending', fate);
    assert.equal(await world.balance(payer.address), 10_000n, fate);
    weather.clear();
    assert.equal((await world.payments.settle(reservation, { withinMs: 15_000 })).kind, 'settled', fate);
    assert.equal(await world.balance(payer.address), 10_000n - price, fate);
  }
});

test('a server that lies about nonces and balances moves no money twice and starts no run for nothing', async () => {
  verifies('payments.outbox.lies');
  const { payer, reservation } = await executedCall('lied-nonce');
  weather.lie = ({ method }, result) => (method === 'eth_getTransactionCount' ? '0xffff' : result);
  await world.reopen({});
  while ((await world.carriers(reservation.id))[0]?.senderNonce !== 0xffff) await sleep(5);
  weather.clear();
  assert.equal((await world.payments.settle(reservation, { withinMs: 15_000 })).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);

  const poor = await world.payer(0n);
  const offer = world.offer('lied-balance');
  const header = await pay({ required: world.required(offer), payer: poor });
  weather.lie = ({ method, params }, result) =>
    method === 'eth_call' && JSON.stringify(params).includes('0x70a08231') ? `0x${'f'.repeat(64)}` : result;
  const before = await world.balance(seller);
  const answer = await call(world.payments, { offer, header });
  assert.notEqual(answer.status, 200, 'a run at most, and never its result');
  weather.clear();
  assert.equal(await world.balance(seller), before);
});

test('with a second server the work goes on while the first is down', async () => {
  verifies('payments.networks.failover');
  await world.reopen({ newRpcUrl: [weather.url, world.chain.rpcUrl] });
  weather.isDown = true;
  const { payer, reservation } = await executedCall('failover');
  assert.equal((await world.payments.settle(reservation, { withinMs: 10_000 })).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert(world.events.some((event) => event.startsWith('chain.server_changed')));
  weather.clear();
  await world.reopen({ newRpcUrl: weather.url });
});

test('a settled payment whose transaction a reorganisation threw out is settled again', async () => {
  verifies('payments.outbox.reorganised');
  const { payer, offer, reservation } = await executedCall('reorganised');
  const snapshot = await request({ method: 'evm_snapshot', params: [] });
  assert.equal((await world.payments.settle(reservation, { withinMs: 10_000 })).kind, 'settled');
  const earned = await world.payments.earnings({ offerId: offerIdOf(offer) });
  await world.payments.lookAgain();
  await request({ method: 'evm_revert', params: [snapshot] });
  assert.equal(await world.balance(payer.address), 10_000n, 'the chain has forgotten it');
  world.skip(21_000);
  await world.payments.lookAgain();
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert(world.events.some((event) => event.startsWith('payment.vanished')));
  assert(world.events.some((event) => event.startsWith('payment.settled_again')));
  const [row] = await world.payments.history({ payer: payer.address, limit: 1 });
  assert.equal(row?.state, 'settled');
  assert.equal((await world.client.getTransactionReceipt({ hash: row?.transaction ?? '0x' })).status, 'success');
  assert.deepEqual(await world.payments.earnings({ offerId: offerIdOf(offer) }), earned);
  const looks = weather.counts.get('eth_getTransactionReceipt');
  await world.payments.lookAgain();
  assert.equal(weather.counts.get('eth_getTransactionReceipt'), looks, 'it is not due again for a while');
});

test('one that cannot be settled again is no longer counted as earned, and the owner hears of it', async () => {
  verifies('payments.outbox.reorganised');
  const { payer, offer, reservation } = await executedCall('lost');
  const snapshot = await request({ method: 'evm_snapshot', params: [] });
  assert.equal((await world.payments.settle(reservation, { withinMs: 10_000 })).kind, 'settled');
  await request({ method: 'evm_revert', params: [snapshot] });
  const abi = parseAbi(['function transfer(address to, uint256 value)']);
  await world.sendAs(payer.address, world.chain.token.asset, encodeFunctionData({ abi, args: [account().address, 10_000n] }));
  const heard: string[] = [];
  const end = world.payments.onUnpaid(({ reason }) => heard.push(reason ?? ''));
  world.skip(21_000);
  await world.payments.lookAgain();
  end();
  assert.deepEqual(heard, ['reorganised: insufficient_funds']);
  const [row] = await world.payments.history({ payer: payer.address, limit: 1 });
  assert.equal(row?.state, 'unpaid');
  assert.deepEqual(
    (await world.payments.earnings({ offerId: offerIdOf(offer) })).map(({ amount, payments }) => [amount, payments]),
    [[0n, 0]],
  );
});
