import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodePaymentPayload, type FacilitatorRequest, type Hex } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestFacilitator } from '../testing/facilitator.ts';
import { account, openWorld, pay, price, seller, type Account } from '../testing/world.ts';

const world = await openWorld();
const allowance = { payees: [seller], settlementsPerDay: 12 };
const facilitator = await openTestFacilitator(world, { allowance, limits: { answerWithinMs: 400 } });
after(async () => {
  await facilitator.close();
  await world.close();
});

type Exact = { signature: Hex; authorization: Record<string, string> };

async function requestOf(payer: Account, amount = price): Promise<FacilitatorRequest & { x402Version: 2 }> {
  const required = { ...world.required(world.offer('sold', amount)), extensions: undefined };
  const paymentPayload = decodePaymentPayload(await pay({ required, payer }));
  return { x402Version: 2, paymentPayload, paymentRequirements: paymentPayload.accepted };
}

test('what verifies settles, once, and is told as settled to one of all who ask', async () => {
  verifies('payments.facilitator.served');
  const payer = await world.payer(10_000n);
  const request = await requestOf(payer);
  const had = await world.balance(seller);
  assert.deepEqual(await facilitator.verify(request), { isValid: true, payer: payer.address });
  const answers = await Promise.all(Array.from({ length: 20 }, () => facilitator.settle(request)));
  const [told, ...others] = answers.filter(({ success }) => success);
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(told, { success: true, payer: payer.address, network: world.chain.network, amount: String(price) });
  for (const answer of answers.filter(({ success }) => !success))
    assert.partialDeepStrictEqual(answer, { errorReason: 'duplicate_settlement', transaction: told?.transaction });
  assert.equal(await world.balance(seller), had + price);
  assert.partialDeepStrictEqual(await facilitator.verify(request), { isValid: false, invalidReason: 'invalid_transaction_state' });
  assert.equal((await facilitator.settle(request)).errorReason, 'duplicate_settlement');
  assert.equal(await world.balance(seller), had + price);
});

test('what would not settle is refused with the word of x402, and nothing is sent', async () => {
  verifies('payments.facilitator.served');
  const payer = await world.payer(10_000n);
  const good = await requestOf(payer);
  const { signature, authorization } = good.paymentPayload.payload as Exact;
  const requiring = (changes: object): FacilitatorRequest => ({
    ...good,
    paymentRequirements: { ...good.paymentRequirements, ...changes },
  });
  const paying = (payload: object): FacilitatorRequest => ({
    ...good,
    paymentPayload: { ...good.paymentPayload, payload: { ...payload } },
  });
  const stranger = account().address;
  const cases: [string, FacilitatorRequest, string][] = [
    ['another scheme', requiring({ scheme: 'upto' }), 'unsupported_scheme'],
    ['another network', requiring({ network: 'eip155:8453' }), 'invalid_network'],
    ['another token', requiring({ asset: stranger }), 'invalid_network'],
    ['another payee in the terms', requiring({ payTo: stranger }), 'invalid_exact_evm_payload_recipient_mismatch'],
    ['another amount in the terms', requiring({ amount: '1' }), 'invalid_exact_evm_payload_authorization_value'],
    ['no payload', paying({}), 'invalid_payload'],
    [
      'another nonce',
      paying({ signature, authorization: { ...authorization, nonce: `0x${'1'.repeat(64)}` } }),
      'invalid_exact_evm_payload_signature',
    ],
    [
      'expired',
      paying({ signature, authorization: { ...authorization, validBefore: '1' } }),
      'invalid_exact_evm_payload_authorization_valid_before',
    ],
    [
      'not yet',
      paying({ signature, authorization: { ...authorization, validAfter: '9999999999' } }),
      'invalid_exact_evm_payload_authorization_valid_after',
    ],
    ['no money', await requestOf(await world.payer(0n)), 'insufficient_funds'],
  ];
  const before = await world.client.getTransactionCount({ address: facilitator.gas.address });
  for (const [what, request, reason] of cases) {
    assert.partialDeepStrictEqual(await facilitator.verify(request), { isValid: false, invalidReason: reason }, what);
    assert.partialDeepStrictEqual(await facilitator.settle(request), { success: false, errorReason: reason, transaction: '' }, what);
  }
  assert.equal(await world.client.getTransactionCount({ address: facilitator.gas.address }), before);
});

test('servers of version 1 ask in their words, and it is the same authorization', async () => {
  verifies('payments.facilitator.served');
  const payer = await world.payer(10_000n);
  const { paymentPayload, paymentRequirements } = await requestOf(payer);
  const { scheme, network, asset, payTo, maxTimeoutSeconds, extra, amount } = paymentRequirements;
  const v1: FacilitatorRequest = {
    x402Version: 1,
    paymentPayload: { x402Version: 1, scheme, network, payload: paymentPayload.payload },
    paymentRequirements: { scheme, network, asset, payTo, maxTimeoutSeconds, extra, maxAmountRequired: amount },
  };
  assert.deepEqual(await facilitator.verify(v1), { isValid: true, payer: payer.address });
  assert.equal((await facilitator.settle(v1)).success, true);
  assert.equal((await facilitator.settle({ x402Version: 2, paymentPayload, paymentRequirements })).errorReason, 'duplicate_settlement');
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('a wallet contract that says yes on trial and no on the chain burns gas once', async () => {
  verifies('payments.facilitator.served');
  // Vouches for everything while nothing is paid for gas, as in a trial, and for nothing in a transaction: tx.gasprice decides.
  const runtime = `3a15600a5760006000f35b7f1626ba7e${'0'.repeat(56)}60005260206000f3`;
  const wallet = account().address;
  const ask = world.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  await ask({ method: 'anvil_setCode', params: [wallet, `0x${runtime}`] });
  await world.chain.fund(wallet, 10_000n);
  const request = await requestOf({ ...account(), address: wallet });
  assert.equal((await facilitator.verify(request)).isValid, true);
  const before = await world.client.getTransactionCount({ address: facilitator.gas.address });
  const first = await facilitator.settle(request);
  assert.equal(first.success, false);
  const spent = await world.client.getTransactionCount({ address: facilitator.gas.address });
  assert(spent > before && spent <= before + 2, 'it was sent twice at most');
  assert.equal((await facilitator.settle(request)).success, false);
  assert.equal(await world.client.getTransactionCount({ address: facilitator.gas.address }), spent);
});

test('gas is paid for the payees of the owner alone', async () => {
  verifies('payments.facilitator.served');
  const other = await openTestFacilitator(world, { allowance: { payees: [account().address], settlementsPerDay: 5 } });
  const request = await requestOf(await world.payer(10_000n));
  assert.partialDeepStrictEqual(await other.verify(request), { isValid: false, invalidReason: 'invalid_payment_requirements' });
  assert.partialDeepStrictEqual(await other.settle(request), { success: false, errorReason: 'invalid_payment_requirements' });
  await other.close();
});

test('a settlement that takes long is pending with its transaction, and asked again it is the same one', async () => {
  verifies('payments.facilitator.served');
  const ask = world.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  const payer = await world.payer(10_000n);
  const request = await requestOf(payer);
  await ask({ method: 'evm_setAutomine', params: [false] });
  const pending = await facilitator.settle(request);
  assert.partialDeepStrictEqual(pending, { success: false, errorReason: 'settlement_pending' });
  assert.match(pending.transaction, /^0x[0-9a-f]{64}$/);
  await ask({ method: 'evm_setAutomine', params: [true] });
  await ask({ method: 'evm_mine', params: [] });
  assert.partialDeepStrictEqual(await facilitator.settle(request), { success: true, transaction: pending.transaction });
  assert.equal(await world.balance(payer.address), 10_000n - price);
});

test('more settlements than the owner pays for in a day are refused', async () => {
  verifies('payments.facilitator.served');
  const reasons = [];
  for (let index = 0; index < 12; index++)
    reasons.push((await facilitator.settle(await requestOf(await world.payer(2_000n)))).errorMessage);
  assert.equal(reasons.filter((reason) => reason === undefined).length, 8, 'four were asked for before');
  assert.match(reasons.at(-1) ?? '', /as much today as its owner pays for/);
});
