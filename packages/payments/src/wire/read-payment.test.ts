import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodePaymentPayload, encodePaymentPayloadV1, toV1Requirements, v1NetworkOf } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { call, openWorld, pay, price } from '../testing/world.ts';
import { readPayment } from './read-payment.ts';

const world = await openWorld();
after(() => world.close());

/** What a client of version 1 would send, in the place of this payment of version 2. */
const asV1 = (header: string, changes: object = {}) => {
  const { accepted, payload } = decodePaymentPayload(header);
  return encodePaymentPayloadV1({ x402Version: 1, scheme: accepted.scheme, network: v1NetworkOf(accepted.network), payload, ...changes });
};

test('a payment of version 1 buys as one of version 2 does, and both are one authorization', async () => {
  verifies('payments.wire.v1');
  const payer = await world.payer(10_000n);
  const offer = world.offer('v1');
  const header = await pay({ required: world.required(offer), payer });
  // Our client binds its nonce to the offer and says so in an extension, which version 1 does not have.
  assert.equal((await call(world.payments, { offer, header: asV1(header) }).catch((error) => error)).code, 'payment_invalid');

  const stock = await pay({ required: { ...world.required(offer), extensions: undefined }, payer });
  const answer = await call(world.payments, { offer, header: asV1(stock) });
  assert.equal(answer.status, 200);
  assert.equal(await world.balance(payer.address), 10_000n - price);
  assert.equal((await call(world.payments, { offer, header: stock })).status, 200);
  await assert.rejects(call(world.payments, { offer, header: asV1(stock), request: 'another' }), { code: 'payment_conflict' });
  assert.equal(await world.balance(payer.address), 10_000n - price, 'charged once');
});

test('a payment of version 1 is refused for another scheme, another network, and a form that is none', async () => {
  const payer = await world.payer(10_000n);
  const offer = world.offer('v1-refused');
  const header = await pay({ required: world.required(offer), payer });
  const refused = (changes: object, as: object) => assert.rejects(call(world.payments, { offer, header: asV1(header, changes) }), as);
  await refused({ network: 'base' }, { code: 'payment_invalid', details: { errorReason: 'invalid_network' } });
  await refused({ scheme: 'upto' }, { code: 'payment_invalid', details: { errorReason: 'unsupported_scheme' } });
  await refused({ payload: { signature: '0x' } }, { code: 'payment_malformed' });
  await refused({ network: 7 }, { code: 'payment_malformed' });
});

test('version 1 names no token, so it is read once for each that it may mean', () => {
  const terms = (asset: string, network = 'eip155:8453') => ({
    scheme: 'exact',
    network,
    amount: '1',
    asset,
    payTo: '0x',
    maxTimeoutSeconds: 1,
    extra: {},
  });
  const accepts = [terms('a'), terms('b'), terms('c', 'eip155:84532')];
  const header = encodePaymentPayloadV1({ x402Version: 1, scheme: 'exact', network: 'base', payload: {} });
  assert.deepEqual(
    readPayment(header, accepts).map(({ accepted }) => accepted),
    accepts.slice(0, 2),
  );
  // Its clients refuse a list with one network that they cannot name.
  const required = { resource: { url: 'http://seller.example/x' }, accepts: [...accepts, terms('d', 'eip155:31337')] };
  assert.deepEqual(
    toV1Requirements(required).map(({ network, asset }) => [network, asset]),
    [
      ['base', 'a'],
      ['base', 'b'],
      ['base-sepolia', 'c'],
    ],
  );
  assert.equal(toV1Requirements({ ...required, accepts: [terms('d', 'eip155:31337')] })[0]?.network, 'eip155:31337');
});
