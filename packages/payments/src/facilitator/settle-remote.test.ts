import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { decodePaymentPayload, type Address, type Hex } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { defaultLimits } from '../limits.ts';
import { connectChain } from '../rails/exact/chain.ts';
import { openTestFacilitator, honestly, serveFacilitator, type Behaviour } from '../testing/facilitator.ts';
import { openWorld, pay, price, seller, type Account } from '../testing/world.ts';
import { connectFacilitator } from './remote.ts';
import { settleRemote } from './settle-remote.ts';

const world = await openWorld();
const facilitator = await openTestFacilitator(world, { allowance: { payees: 'anyone', settlementsPerDay: 1000 } });
const served = await serveFacilitator(facilitator);
const stopping = new AbortController();
after(async () => {
  stopping.abort();
  await served.close();
  await facilitator.close();
  await world.close();
});
afterEach(() => {
  served.behave = honestly;
  served.asked.length = 0;
});
const log = () => undefined;
const chain = connectChain({ network: world.chain.network, rpcUrls: [world.chain.rpcUrl] }, { now: Date.now, log });
const remote = (timeoutMs = 2_000) => connectFacilitator({ url: `${served.url}/`, timeoutMs });

/** One executed call, to be settled by another's facilitator. */
async function executed(payer: Account, { now = Date.now, url = undefined as string | undefined, signal = stopping.signal } = {}) {
  const required = { ...world.required(world.offer('remote')), extensions: undefined };
  const { accepted, payload } = decodePaymentPayload(await pay({ required, payer }));
  const { signature, authorization } = payload as {
    signature: Hex;
    authorization: { validAfter: string; validBefore: string; nonce: Hex };
  };
  const { validAfter, validBefore, nonce } = authorization;
  const transfer = {
    id: 1,
    network: accepted.network,
    asset: accepted.asset as Address,
    payer: payer.address,
    payTo: seller,
    amount: price,
    nonce,
    validAfter,
    validBefore,
    signature,
    reservedAt: Date.now(),
  };
  return settleRemote({
    transfer,
    token: world.chain.token,
    chain,
    facilitator: url === undefined ? remote(300) : connectFacilitator({ url, timeoutMs: 300 }),
    limits: { ...defaultLimits, pollMs: 20, retryMs: 50, stuckAfterMs: 300 },
    now,
    log,
    signal,
  });
}

test('a stranger’s facilitator carries the payment, and the chain says so', async () => {
  verifies('payments.facilitator.remote');
  const payer = await world.payer(10_000n);
  assert.equal((await executed(payer)).kind, 'settled');
  assert.equal(await world.balance(payer.address), 10_000n - price);
  const supported = await remote().supported(stopping.signal);
  assert.equal(supported.kind === 'answer' && supported.value.kinds[0]?.network, world.chain.network);
});

const once = (behaviour: Behaviour): Behaviour => {
  let isFirst = true;
  return async (...call) => {
    if (!isFirst) return honestly(...call);
    isFirst = false;
    return behaviour(...call);
  };
};
const mishaps: Record<string, Behaviour> = {
  'it answers 500': async (_path, _honest, response) => void response.writeHead(500).end('Internal Server Error'),
  'it answers 500 when it has settled': async (_path, honest, response) => {
    await honest();
    response.writeHead(500).end('{}');
  },
  'it hangs when it has settled': async (_path, honest) => void (await honest()),
  'it cuts the connection': async (_path, _honest, response) => void response.destroy(),
  'it answers no JSON': async (_path, _honest, response) => void response.end('<html>'),
  'it answers without end': async (_path, _honest, response) =>
    void response.end(JSON.stringify({ success: true, transaction: 'x'.repeat(100_000), network: '' })),
  'it redirects elsewhere': async (_path, _honest, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
  'it settles and says that it failed': async (_path, honest, response) => {
    await honest();
    response.end(JSON.stringify({ success: false, errorReason: 'unexpected_settle_error', transaction: '', network: world.chain.network }));
  },
  'it says pending, with a transaction that is none': async (_path, _honest, response) =>
    void response.end(
      JSON.stringify({
        success: false,
        errorReason: 'settlement_pending',
        transaction: `0x${'a'.repeat(64)}`,
        network: world.chain.network,
      }),
    ),
  'it says success, and does nothing': async (_path, _honest, response) =>
    void response.end(JSON.stringify({ success: true, transaction: `0x${'b'.repeat(64)}`, network: world.chain.network })),
};
for (const [what, behaviour] of Object.entries(mishaps))
  test(`where ${what}, the payment is settled all the same, and once`, async () => {
    verifies('payments.facilitator.remote');
    const payer = await world.payer(10_000n);
    served.behave = once(behaviour);
    const ending = await executed(payer);
    assert.equal(ending.kind, 'settled');
    assert.equal(await world.balance(payer.address), 10_000n - price);
  });

test('success that never shows on the chain gives out nothing, and ends when the authorization does', async () => {
  verifies('payments.facilitator.remote');
  const payer = await world.payer(10_000n);
  served.behave = async (_path, _honest, response) =>
    void response.end(JSON.stringify({ success: true, transaction: `0x${'c'.repeat(64)}`, network: world.chain.network }));
  const began = Date.now();
  // Ten minutes pass while it waits.
  const now = () => (Date.now() - began > 700 ? Date.now() + 600_000 : Date.now());
  assert.deepEqual(await executed(payer, { now }), { kind: 'unpaid', reason: 'invalid_exact_evm_payload_authorization_valid_before' });
  assert.equal(await world.balance(payer.address), 10_000n);
});

test('a refusal is believed at the third time, when the chain shows nothing', async () => {
  verifies('payments.facilitator.remote');
  const payer = await world.payer(10_000n);
  served.behave = async (_path, _honest, response) =>
    void response
      .writeHead(402)
      .end(JSON.stringify({ success: false, errorReason: 'sanctioned', transaction: '', network: world.chain.network }));
  assert.deepEqual(await executed(payer), { kind: 'unpaid', reason: 'sanctioned' });
  assert.equal(served.asked.filter((path) => path === '/settle').length, 3);
});

test('while the facilitator is down the payment waits, until the node stops', async () => {
  verifies('payments.facilitator.remote');
  const payer = await world.payer(10_000n);
  await assert.rejects(executed(payer, { url: 'http://127.0.0.1:1', signal: AbortSignal.timeout(500) }), { name: 'TimeoutError' });
  assert.equal(await world.balance(payer.address), 10_000n);
});
