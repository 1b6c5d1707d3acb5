import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { batchSettlementAbi } from '@freehold/contracts';
import {
  authorizationTypedData,
  channelContracts,
  channelTypedData,
  channelVoucherTypedData,
  decodePaymentPayload,
  encodePaymentPayload,
  escrowVoucherTypedData,
  hashTypedData,
  toAddress,
  toHex,
  type Authorization,
  type Hex,
  type TypedData,
} from '@freehold/protocol';
import * as fc from 'fast-check';
import { encodeFunctionData } from 'viem';
import { readContract } from 'viem/actions';
import { verifies } from '../../../requirements/verifies.ts';
import { PaymentError } from './error.ts';
import { openPayingChannel } from './testing/channel.ts';
import { openPayingGrant } from './testing/grant.ts';
import { advanceChain, sendAs } from './testing/send-as.ts';
import { account, call, openWorld, pay, price, seller, type Account } from './testing/world.ts';

const world = await openWorld();
after(() => world.close());
const { token } = world.chain;
const [payer, stranger] = [await world.payer(1_000_000n), account()];
const offer = world.offer('generated');
const required = world.required(offer);
const now = Math.floor(Date.now() / 1000);

/** What a payer has: an authorization that was never sent, a channel and a grant of which one call each was paid. */
const good = decodePaymentPayload(await pay({ required: { ...required, extensions: {} }, payer }));
const channel = openPayingChannel({ required, payer, token });
const grant = openPayingGrant({ required, payer, token });
const budget = 50_000n;
const openings = [await channel.deposit(budget, price), await grant.open(budget, price)];
for (const [index, header] of openings.entries())
  assert.equal((await call(world.payments, { offer, header, request: `opening ${index}` })).status, 200);

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** The other signature that anybody can make from one. */
const malleated = (signature: Hex): Hex =>
  `${signature.slice(0, 66) as Hex}${(order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0')}${signature.endsWith('1b') ? '1c' : '1b'}`;
const flipped = (signature: Hex, bit: number): Hex => {
  const at = 2 + (bit % 128);
  return `${signature.slice(0, at)}${(Number.parseInt(signature[at] ?? '0', 16) ^ (1 << (bit % 4))).toString(16)}${signature.slice(at + 1)}` as Hex;
};
const signedBy = (by: Account, data: TypedData, domain: object) =>
  by.signDigest(hashTypedData({ ...data, domain: { ...data.domain, ...domain } }));

/** An amount that is another one: off by little or by much. */
const off = fc.oneof(fc.bigInt(-1_000n, 1_000n), fc.bigInt(-(10n ** 30n), 10n ** 30n)).filter((by) => by !== 0n);
const bit = fc.nat(511);
const elsewhere = fc.constantFrom<object>(
  { chainId: 1 },
  { chainId: 8453 },
  { verifyingContract: stranger.address },
  { name: 'Other Coin' },
  { version: '9' },
);
type Bad = { what: string; header: () => Promise<string> };
const bad = (what: string, header: () => Promise<string>): Bad => ({ what, header });

async function exact(changes: Partial<Authorization>, { by = payer, domain = {}, sign = (s: Hex) => s } = {}): Promise<string> {
  const message = {
    ...(good.payload['authorization'] as Authorization),
    nonce: toHex(crypto.getRandomValues(new Uint8Array(32))),
    ...changes,
  };
  const data = authorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain });
  return encodePaymentPayload({ ...good, payload: { authorization: message, signature: sign(await signedBy(by, data, domain)) } });
}
async function fromChannel(cumulative: bigint, { by = payer, domain = {}, sign = (s: Hex) => s } = {}): Promise<string> {
  const voucher = { channelId: channel.id, maxClaimableAmount: String(cumulative < 0n ? 0n : cumulative) };
  const signature = sign(await signedBy(by, channelVoucherTypedData(token.network, voucher), domain));
  return channel.wrap({ type: 'voucher', channelConfig: channel.config, voucher: { ...voucher, signature } });
}
async function fromGrant(
  cumulative: bigint,
  { by = payer, domain = {}, sign = (s: Hex) => s, epoch = 0, provider = seller } = {},
): Promise<string> {
  const voucher = { payer: payer.address, provider, epoch, cumulative: String(cumulative < 0n ? 0n : cumulative) };
  const signature = sign(await signedBy(by, escrowVoucherTypedData(token.network, grant.escrow, voucher), domain));
  return grant.wrap({ ...voucher, signature });
}
const terms = fc.constantFrom<object>(
  { amount: '1' },
  { amount: String(price * 2n) },
  { network: 'eip155:1' },
  { asset: stranger.address },
  { payTo: stranger.address },
  { scheme: 'upto' },
  { maxTimeoutSeconds: 1 },
  { extra: {} },
);
const accepting = (payload: Record<string, unknown>, accepted: object, change: object) =>
  encodePaymentPayload({ x402Version: 2, accepted: { ...accepted, ...change } as never, payload });

/** One voucher further, as it should be: everything else is changed from it. */
const next = 2n * price;
const badPayments: fc.Arbitrary<Bad> = fc.oneof(
  off.map((by) => bad(`exact, the price off by ${by}`, () => exact({ value: String(price + by < 0n ? 0n : price + by) }))),
  fc.integer({ min: 1, max: now }).map((ago) => bad(`exact, expired ${ago} s ago`, () => exact({ validBefore: String(now - ago) }))),
  fc
    .integer({ min: 5, max: 2 ** 31 })
    .map((to) => bad(`exact, not valid for ${to} s`, () => exact({ validAfter: String(now + to), validBefore: String(now + to + 900) }))),
  elsewhere.map((domain) => bad(`exact, signed for ${JSON.stringify(domain)}`, () => exact({}, { domain }))),
  bit.map((n) => bad(`exact, bit ${n} of its signature`, () => exact({}, { sign: (signature) => flipped(signature, n) }))),
  fc.constant(bad('exact, malleated', () => exact({}, { sign: malleated }))),
  fc.constantFrom(
    bad('exact, by a stranger', () => exact({}, { by: stranger })),
    bad('exact, to a stranger', () => exact({ to: stranger.address })),
  ),
  terms.map((change) => bad(`exact, accepting ${JSON.stringify(change)}`, async () => accepting(good.payload, good.accepted, change))),

  off.map((by) => bad(`channel, off by ${by}`, () => fromChannel(next + by >= 1n << 128n ? 1n : next + by))),
  fc.bigInt(budget + 1n, 10n ** 30n).map((much) => bad(`channel, beyond its balance: ${much}`, () => fromChannel(much))),
  elsewhere.map((domain) => bad(`channel, signed for ${JSON.stringify(domain)}`, () => fromChannel(next, { domain }))),
  bit.map((n) => bad(`channel, bit ${n} of its signature`, () => fromChannel(next, { sign: (signature) => flipped(signature, n) }))),
  fc.constantFrom(
    bad('channel, malleated', () => fromChannel(next, { sign: malleated })),
    bad('channel, by a stranger', () => fromChannel(next, { by: stranger })),
    bad('channel, the voucher of before', () => fromChannel(price)),
    bad('channel, its opening again', async () => openings[0] ?? ''),
    bad('channel, a refund that buys', () => channel.refund(price)),
  ),
  terms.map((change) =>
    bad(`channel, accepting ${JSON.stringify(change)}`, async () =>
      accepting({ type: 'voucher', channelConfig: channel.config, voucher: await channel.sign(next) }, channel.requirement, change),
    ),
  ),
  fc
    .constantFrom<object>(
      { receiver: stranger.address },
      { token: stranger.address },
      { receiverAuthorizer: stranger.address },
      { withdrawDelay: 900 },
      { payerAuthorizer: stranger.address },
      { payer: stranger.address },
      { salt: toHex(new Uint8Array(32).fill(7)) },
    )
    .map((change) =>
      bad(`channel of ${JSON.stringify(change)}`, async () => {
        const config = { ...channel.config, ...change };
        const channelId = toHex(hashTypedData(channelTypedData(token.network, config)));
        const voucher = { channelId, maxClaimableAmount: String(price) };
        const signature = await payer.signDigest(hashTypedData(channelVoucherTypedData(token.network, voucher)));
        return channel.wrap({ type: 'voucher', channelConfig: config, voucher: { ...voucher, signature } });
      }),
    ),
  fc
    .bigInt(0n, price - 1n)
    .map((amount) => bad(`channel, a deposit of ${amount}`, () => openPayingChannel({ required, payer, token }).deposit(amount, price))),
  fc
    .constantFrom(
      { validBefore: BigInt(now - 1) },
      { validBefore: BigInt(now + 2) },
      { validAfter: BigInt(now + 1_000), validBefore: BigInt(now + 2_000) },
      { by: stranger },
    )
    .map((change) =>
      bad(`channel, a deposit with ${Object.keys(change).join()}`, () =>
        openPayingChannel({ required, payer, token }).deposit(10_000n, price, change),
      ),
    ),
  fc.constant(bad('channel, a deposit above the wallet', () => openPayingChannel({ required, payer, token }).deposit(10n ** 12n, price))),

  off
    .filter((by) => by < 0n || by > 64n * price)
    .map((by) => bad(`grant, off by ${by}`, () => fromGrant(next + by >= 1n << 128n ? 1n : next + by))),
  elsewhere.map((domain) => bad(`grant, signed for ${JSON.stringify(domain)}`, () => fromGrant(next, { domain }))),
  bit.map((n) => bad(`grant, bit ${n} of its signature`, () => fromGrant(next, { sign: (signature) => flipped(signature, n) }))),
  fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((epoch) => bad(`grant of epoch ${epoch}`, () => fromGrant(next, { epoch }))),
  fc.constantFrom(
    bad('grant, malleated', () => fromGrant(next, { sign: malleated })),
    bad('grant, by a stranger', () => fromGrant(next, { by: stranger })),
    bad('grant for another provider', () => fromGrant(next, { provider: stranger.address })),
    bad('grant, the voucher of before', () => fromGrant(price)),
    bad('grant, its opening again', async () => openings[1] ?? ''),
  ),
  terms.map((change) =>
    bad(`grant, accepting ${JSON.stringify(change)}`, async () => accepting(await grant.sign(next), grant.requirement, change)),
  ),
  fc
    .constantFrom(
      { validBefore: BigInt(now - 1) },
      { validAfter: BigInt(now + 1_000), validBefore: BigInt(now + 2_000) },
      { by: stranger },
      { amount: 1n },
      { amount: 10n ** 12n },
      { priceCap: price - 1n },
    )
    .map((change) =>
      bad(`grant, an opening with ${Object.keys(change).join()}`, () =>
        openPayingGrant({ required, payer: account(Buffer.from('poor')), token }).open(10_000n, price, change),
      ),
    ),
);

const runs = process.env['FREEHOLD_LONG'] === '1' ? 3_000 : 320;

test(`${runs} generated payments that are not what was asked are refused: nothing runs, nothing is charged`, async () => {
  verifies('payments.bad');
  const before = await world.payments.history({ payer: payer.address, limit: 1000 });
  let executed = 0;
  await fc.assert(
    fc.asyncProperty(badPayments, async ({ what, header }) => {
      const text = await header();
      const answer = await call(world.payments, { offer, header: text, request: 'bad', run: async () => String(++executed) }).catch(
        (error: unknown) => error,
      );
      assert(answer instanceof PaymentError, `${what} was taken`);
      assert(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.message}`);
    }),
    { numRuns: runs, seed: 402 },
  );
  assert.equal(executed, 0);
  const settled = (list: typeof before) => list.filter(({ state }) => state !== 'released').map(({ id }) => id);
  assert.deepEqual(settled(await world.payments.history({ payer: payer.address, limit: 1000 })), settled(before));
  // Channels and grants that somebody made up leave nothing behind.
  const tabs = await world.payments.tabs({ limit: 100 });
  assert.deepEqual(
    tabs.map(({ charged }) => charged),
    [price, price],
  );
  for (const header of [await exact({}), await fromChannel(next), await fromGrant(next)])
    assert.equal((await call(world.payments, { offer, header, request: `good ${header.slice(-40)}` })).status, 200);
});

test('whatever a payer does with his channel, in whatever order: what was run is what was charged and what is claimed', async () => {
  verifies('payments.channel.withdraw-race');
  type Step = 'call' | 'fail' | 'withdraw' | 'watch' | 'finalize';
  const steps = fc.array(fc.constantFrom<Step>('call', 'call', 'fail', 'withdraw', 'watch', 'finalize'), { minLength: 3, maxLength: 9 });
  const address = toAddress(channelContracts.settlement);
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const one = await world.payer(budget);
      const mine = openPayingChannel({ required, payer: one, token });
      const act = (functionName: 'initiateWithdraw' | 'finalizeWithdraw') =>
        sendAs(
          world.client,
          one.address,
          address,
          functionName === 'initiateWithdraw'
            ? encodeFunctionData({ abi: batchSettlementAbi, functionName, args: [mine.config, budget] })
            : encodeFunctionData({ abi: batchSettlementAbi, functionName, args: [mine.config] }),
        ).catch(() => undefined);
      let paid = 0n;
      const buy = async (header: string, request: string, fails = false) => {
        const run = () => (fails ? Promise.reject(new Error('no')) : Promise.resolve('result'));
        const answer = await call(world.payments, { offer, header, request, run }).catch((error: unknown) => error);
        if (!(answer instanceof Error) && (answer as { status: number }).status === 200) paid += price;
      };
      await buy(await mine.deposit(budget, price, { validBefore: 2n ** 40n }), 'opening');
      for (const [index, step] of plan.entries()) {
        if (step === 'call' || step === 'fail') await buy(await mine.voucher(paid + price), String(index), step === 'fail');
        if (step === 'withdraw') await act('initiateWithdraw');
        if (step === 'watch') await world.payments.watch();
        if (step === 'finalize') {
          // A node looks at its channels far more often than a withdrawal takes.
          await world.payments.watch();
          await advanceChain(world.client, mine.config.withdrawDelay + 1);
          await act('finalizeWithdraw');
        }
      }
      await world.payments.claimAll();
      const [, claimed] = await readContract(world.client, { address, abi: batchSettlementAbi, functionName: 'channels', args: [mine.id] });
      const [tab] = await world.payments.tabs({ payer: one.address, limit: 1 });
      assert.deepEqual([tab?.charged, claimed], [paid, paid], plan.join());
    }),
    { numRuns: process.env['FREEHOLD_LONG'] === '1' ? 200 : 8, seed: 402 },
  );
});
