import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTypedData as viemHash, hashMessage, getAddress } from 'viem';
import {
  address,
  authorizationTypedData,
  canonicalJson,
  decodePaymentRequired,
  defaultLimits,
  encodePaymentRequired,
  formatUnits,
  hashPersonalMessage,
  hashTypedData,
  offer,
  offerIdOf,
  offerTypedData,
  parseUnits,
  toHex,
  toWalletJson,
  type Offer,
} from './index.ts';

const wallet = '0x52908400098527886E0F7030069857D2E4169EE7';
const document: Offer = {
  version: 1,
  name: 'calculator',
  interface: 'cgi',
  programs: [{ runtime: 'wasm', cid: 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e' }],
  limits: defaultLimits,
  prices: [{ network: 'eip155:31337', asset: wallet, amount: '1000', payTo: wallet }],
  owner: wallet,
  createdAt: 1,
  expiresAt: 2,
};

test('typed data hashes as viem does, so that any wallet signs what we verify', () => {
  const payment = authorizationTypedData({
    message: { from: wallet, to: wallet, value: '1000', validAfter: '0', validBefore: '99999999999', nonce: `0x${'ab'.repeat(32)}` },
    asset: wallet,
    caip2: 'eip155:31337',
    domain: { name: 'USD Coin', version: '2' },
  });
  for (const data of [payment, offerTypedData(document)]) {
    assert.equal(toHex(hashTypedData(data)), viemHash(JSON.parse(toWalletJson(data))));
  }
  assert.equal(toHex(hashPersonalMessage('Grüße')), hashMessage('Grüße'));
});

test('addresses are normalised to EIP-55 and a wrong checksum is refused', () => {
  const lower = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed';
  assert.equal(address.parse(lower), getAddress(lower));
  assert.equal(address.safeParse('0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed').success, false);
  assert.equal(address.safeParse('0x123').success, false);
});

test('money keeps every digit', () => {
  assert.equal(parseUnits('1.5', 6), 1_500_000n);
  assert.equal(parseUnits('0.000001', 6), 1n);
  assert.equal(formatUnits(1_500_000n, 6), '1.5');
  assert.equal(formatUnits(5n, 0), '5');
  assert.equal(formatUnits(1n, 6), '0.000001');
  assert.throws(() => parseUnits('0.0000001', 6), RangeError);
  assert.throws(() => parseUnits('1e3', 6), RangeError);
});

test('an offer id covers every field and does not depend on key order; unknown fields are refused', () => {
  const reordered = Object.fromEntries(Object.entries(document).reverse());
  assert.equal(offerIdOf(offer.parse(reordered)), offerIdOf(document));
  assert.notEqual(offerIdOf({ ...document, expiresAt: 3 }), offerIdOf(document));
  assert.equal(offer.safeParse({ ...document, surprise: 1 }).success, false);
  assert.equal(canonicalJson({ b: 1, a: [2] }), '{"a":[2],"b":1}');
});

test('x402 headers survive a round trip with any text', () => {
  const value = { x402Version: 2 as const, resource: { url: 'http://localhost/ü' }, accepts: [], error: 'Zahlung nötig' };
  assert.deepEqual(decodePaymentRequired(encodePaymentRequired(value)), value);
  assert.throws(() => decodePaymentRequired('%%%'));
});
