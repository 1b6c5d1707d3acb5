import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  decodePaymentPayload,
  fromHex,
  fromJsonHeader,
  offerIdOf,
  toHex,
  toJsonHeader,
  type Hex,
  authorizationTypedData,
} from '@freehold/protocol';
import { PaymentError } from './error.ts';
import { account, openWorld, pay, price, seller, urlOf, type Account } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());
const payer = await world.payer(10_000n);
const offer = world.offer('refusals');
const required = world.required(offer);
const { token } = world.chain;
const good = fromJsonHeader(await pay({ required, payer })) as Payment;
const now = Math.floor(Date.now() / 1000);

type Payment = {
  x402Version: unknown;
  resource?: { url: unknown };
  accepted: Record<string, unknown>;
  payload: { signature: Hex; authorization: Record<string, string> };
  extensions?: Record<string, unknown>;
};

/** Changes what is signed, signs it, and wraps it as a stock client would: without extensions. */
async function signed(
  changes: Record<string, string>,
  { by = payer, domain = {} }: { by?: Account; domain?: object } = {},
): Promise<Payment> {
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const authorization = { ...good.payload.authorization, nonce, ...changes } as Parameters<typeof authorizationTypedData>[0]['message'];
  const data = authorizationTypedData({ message: authorization, asset: token.asset, caip2: token.network, domain: token.domain });
  const signature = await by.signTypedData({ ...data, domain: { ...data.domain, ...domain } });
  const { extensions: _, ...bare } = good;
  return { ...bare, payload: { signature, authorization } };
}

const accepting = (changes: Record<string, unknown>): Payment => ({ ...good, accepted: { ...good.accepted, ...changes } });
const unsigned = (changes: Record<string, string>): Payment => ({
  ...good,
  payload: { ...good.payload, authorization: { ...good.payload.authorization, ...changes } },
});
const withSignature = (signature: string) => ({ ...good, payload: { ...good.payload, signature } });

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** The other signature that anybody can make from one. */
function highS(signature: Hex): Hex {
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith('1b') ? '1c' : '1b';
  return `${signature.slice(0, 66) as Hex}${s.toString(16).padStart(64, '0')}${v}`;
}
const flipped = toHex(fromHex(good.payload.signature).map((byte, index) => (index === 40 ? byte ^ 1 : byte)));
const stranger = account();

const cases: [name: string, header: () => unknown, code: string][] = [
  ['no header', () => undefined, 'payment_required'],
  ['an empty header', () => '', 'payment_required'],
  ['no base64', () => '!!!', 'payment_malformed'],
  ['base64 of no JSON', () => Buffer.from('hello').toString('base64'), 'payment_malformed'],
  ['base64 of broken UTF-8', () => Buffer.from([0xff, 0xfe]).toString('base64'), 'payment_malformed'],
  ['JSON null', () => toJsonHeader(null), 'payment_malformed'],
  ['a JSON list', () => toJsonHeader([good]), 'payment_malformed'],
  ['a JSON number', () => toJsonHeader(7), 'payment_malformed'],
  ['20 KB', () => toJsonHeader({ ...good, padding: 'x'.repeat(20_000) }), 'payment_malformed'],
  ['bytes after the JSON', () => Buffer.from(`${JSON.stringify(good)}}`).toString('base64'), 'payment_malformed'],
  ['x402 version 1', () => toJsonHeader({ ...good, x402Version: 1 }), 'payment_malformed'],
  ['x402 version "2"', () => toJsonHeader({ ...good, x402Version: '2' }), 'payment_malformed'],
  ['no accepted terms', () => toJsonHeader({ ...good, accepted: undefined }), 'payment_malformed'],
  ['no payload', () => toJsonHeader({ ...good, payload: undefined }), 'payment_malformed'],
  ['another scheme', () => toJsonHeader(accepting({ scheme: 'upto' })), 'payment_invalid'],
  ['another chain', () => toJsonHeader(accepting({ network: 'eip155:8453' })), 'payment_invalid'],
  ['another token', () => toJsonHeader(accepting({ asset: stranger.address })), 'payment_invalid'],
  ['the token in lower case', () => toJsonHeader(accepting({ asset: token.asset.toLowerCase() })), 'payment_invalid'],
  ['terms that pay somebody else', () => toJsonHeader(accepting({ payTo: stranger.address })), 'payment_invalid'],
  ['terms of a lower price', () => toJsonHeader(accepting({ amount: '1' })), 'payment_invalid'],
  // oxlint-disable-next-line house/no-float-money -- what must be refused
  ['a price as a number', () => toJsonHeader(accepting({ amount: 1000 })), 'payment_malformed'],
  ['a price with leading zeros', () => toJsonHeader(accepting({ amount: '01000' })), 'payment_malformed'],
  ['another domain in the terms', () => toJsonHeader(accepting({ extra: { name: 'Other Coin', version: '2' } })), 'payment_invalid'],
  ['a field too many in the terms', () => toJsonHeader(accepting({ tip: '1' })), 'payment_invalid'],
  ['a longer time in the terms', () => toJsonHeader(accepting({ maxTimeoutSeconds: 1 })), 'payment_invalid'],
  ['the resource of another function', () => toJsonHeader({ ...good, resource: { url: 'http://127.0.0.1/fn/other' } }), 'payment_invalid'],
  ['a resource that is no URL', () => toJsonHeader({ ...good, resource: { url: 'refusals' } }), 'payment_invalid'],
  [
    'the extension of another function',
    () => toJsonHeader({ ...good, extensions: { freehold: { info: { offer: '0'.repeat(64) } } } }),
    'payment_invalid',
  ],
  ['a bound nonce without its salt', () => toJsonHeader({ ...good, extensions: undefined }), 'payment_invalid'],
  [
    'a bound nonce with another salt',
    () => toJsonHeader({ ...good, extensions: { freehold: { salt: `0x${'1'.repeat(64)}` } } }),
    'payment_invalid',
  ],
  ['a salt that is no hash', () => toJsonHeader({ ...good, extensions: { freehold: { salt: ['0x'] } } }), 'payment_invalid'],
  ['one unit more', () => signed({ value: String(price + 1n) }).then(toJsonHeader), 'payment_invalid'],
  ['one unit less', () => signed({ value: String(price - 1n) }).then(toJsonHeader), 'payment_invalid'],
  ['a payment to somebody else', () => signed({ to: stranger.address }).then(toJsonHeader), 'payment_invalid'],
  ['the signature of somebody else', () => signed({}, { by: stranger }).then(toJsonHeader), 'payment_invalid'],
  ['a payer who did not sign', () => signed({ from: stranger.address }).then(toJsonHeader), 'payment_invalid'],
  ['a signature for another chain', () => signed({}, { domain: { chainId: 1 } }).then(toJsonHeader), 'payment_invalid'],
  [
    'a signature for another token',
    () => signed({}, { domain: { verifyingContract: stranger.address } }).then(toJsonHeader),
    'payment_invalid',
  ],
  ['a signature for another version', () => signed({}, { domain: { version: '1' } }).then(toJsonHeader), 'payment_invalid'],
  ['a signature for another name', () => signed({}, { domain: { name: 'USDC' } }).then(toJsonHeader), 'payment_invalid'],
  [
    'a changed nonce',
    () =>
      signed({}).then((one) =>
        toJsonHeader({
          ...one,
          payload: { ...one.payload, authorization: { ...one.payload.authorization, nonce: `0x${'1'.repeat(64)}` } },
        }),
      ),
    'payment_invalid',
  ],
  ['an expired payment', () => signed({ validBefore: String(now - 1) }).then(toJsonHeader), 'payment_expired'],
  ['one that expires during the work', () => signed({ validBefore: String(now + 20) }).then(toJsonHeader), 'payment_expired'],
  ['one that is not valid yet', () => signed({ validAfter: String(now + 60) }).then(toJsonHeader), 'payment_invalid'],
  ['a negative amount', () => toJsonHeader(unsigned({ value: '-1000' })), 'payment_malformed'],
  ['an amount with a fraction', () => toJsonHeader(unsigned({ value: '1000.0' })), 'payment_malformed'],
  ['an amount in hexadecimal', () => toJsonHeader(unsigned({ value: '0x3e8' })), 'payment_malformed'],
  ['an amount of 2^256', () => toJsonHeader(unsigned({ value: String(1n << 256n) })), 'payment_malformed'],
  ['a time of 10^77', () => toJsonHeader(unsigned({ validBefore: `9${'9'.repeat(77)}` })), 'payment_malformed'],
  ['a time with an exponent', () => toJsonHeader(unsigned({ validBefore: '1e12' })), 'payment_malformed'],
  ['a nonce of 31 bytes', () => toJsonHeader(unsigned({ nonce: `0x${'1'.repeat(62)}` })), 'payment_malformed'],
  ['a nonce of 33 bytes', () => toJsonHeader(unsigned({ nonce: `0x${'1'.repeat(66)}` })), 'payment_malformed'],
  [
    'an address with a wrong checksum',
    () => toJsonHeader(unsigned({ from: payer.address.replace(/[a-f]/, (letter) => letter.toUpperCase()).replace(/^0X/, '0x') })),
    'payment_malformed',
  ],
  ['no authorization', () => toJsonHeader({ ...good, payload: { signature: good.payload.signature } }), 'payment_malformed'],
  ['a changed signature', () => toJsonHeader(withSignature(flipped)), 'payment_invalid'],
  ['a signature with an extra byte', () => toJsonHeader(withSignature(`${good.payload.signature}00`)), 'payment_invalid'],
  ['a signature of 64 bytes', () => toJsonHeader(withSignature(good.payload.signature.slice(0, 130))), 'payment_invalid'],
  ['a signature with s in the upper half', () => toJsonHeader(withSignature(highS(good.payload.signature))), 'payment_invalid'],
  ['a signature with v of 29', () => toJsonHeader(withSignature(`${good.payload.signature.slice(0, 130)}1d`)), 'payment_invalid'],
  ['a signature of zeros', () => toJsonHeader(withSignature(`0x${'0'.repeat(130)}`)), 'payment_invalid'],
  ['a signature of half a byte', () => toJsonHeader(withSignature(`${good.payload.signature}0`)), 'payment_malformed'],
  ['a wallet without money', async () => pay({ required, payer: stranger }), 'payment_exposure'],
];

const admit = (header: string | undefined) =>
  world.payments.admit({ header, offer, offerId: offerIdOf(offer), url: urlOf(offer), taskId: 'task', requestHash: 'request' });

for (const [name, make, code] of cases) {
  test(`${name} is refused as ${code}`, async () => {
    const header = await make();
    await assert.rejects(admit(header as string | undefined), (error: unknown) => {
      assert(error instanceof PaymentError, String(error));
      assert.equal(error.code, code, error.message);
      assert(error.status >= 400 && error.status < 500);
      assert.match(error.message, /[.?]$/);
      return true;
    });
  });
}

test('nothing of all that is in the ledger, and the payment they were made from is good', async () => {
  assert.deepEqual(await world.payments.history({ limit: 10 }), []);
  assert.equal((await admit(toJsonHeader(good))).kind, 'reserved');
  assert.equal((await admit(toJsonHeader(await signed({})))).kind, 'reserved', 'an unbound nonce of a stock client is taken');
});

test('the same payment written differently is the same payment', async () => {
  const original = await signed({});
  assert.equal((await admit(toJsonHeader(original))).kind, 'reserved');
  const { signature, authorization } = original.payload;
  const v = signature.endsWith('1b') ? '00' : '01';
  const other = {
    ...original,
    payload: {
      signature: `0x${signature.slice(2, 130).toUpperCase()}${v}`,
      authorization: {
        ...authorization,
        from: String(authorization.from).toLowerCase(),
        to: seller.toLowerCase(),
        nonce: `0x${String(authorization.nonce).slice(2).toUpperCase()}`,
      },
    },
  };
  assert.equal((await admit(` ${toJsonHeader(other).replace(/=+$/, '')} `)).kind, 'joined');
  assert.equal(decodePaymentPayload(toJsonHeader(other)).x402Version, 2);
});
