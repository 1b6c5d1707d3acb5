import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { escrowAbi } from '@freehold/contracts';
import { encodePaymentRequired, encodeSettleResponse, offerIdOf, type Address, type Offer } from '@freehold/protocol';
import { encodeFunctionData } from 'viem';
import { readContract } from 'viem/actions';
import { verifies } from '../../../../../requirements/verifies.ts';
import { PaymentError } from '../../error.ts';
import { advanceChain, sendAs } from '../../testing/send-as.ts';
import { account, call, openWorld, urlOf } from '../../testing/world.ts';
import { parseBudgets } from '../budget.ts';
import { openChainReader } from '../chain.ts';
import { openFileLocks } from '../lock.ts';
import { payingFetch } from '../paying-fetch.ts';
import { openPurse } from '../purse.ts';
import type { Conclusion } from '../rail.ts';
import { openClientStore } from '../store.ts';
import { grantRail, readGrantState } from './grant.ts';

const world = await openWorld();
after(() => world.close());

let requests = 0;
/** A seller: the payments of a node, behind what a client sees of HTTP. */
const sellerOf =
  (offer: Offer, run?: () => Promise<string>): typeof fetch =>
  async (_url, init) => {
    const header = new Headers(init?.headers).get('payment-signature') ?? undefined;
    try {
      const done = await call(world.payments, {
        offer,
        request: `request ${requests++}`,
        ...(header !== undefined && { header }),
        ...(run && { run }),
      });
      const { outcome } = done;
      const headers = outcome && 'response' in outcome ? { 'payment-response': encodeSettleResponse(outcome.response) } : undefined;
      return new Response(done.body ?? '', { status: done.status, ...(headers && { headers }) });
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      const required = world.payments.paymentRequired({ offer, offerId: offerIdOf(offer), url: urlOf(offer), error });
      return new Response('', { status: 402, headers: { 'payment-required': encodePaymentRequired(required) } });
    }
  };

async function openPerson(t: TestContext, { knowsChain = true, max = '1', now = Date.now } = {}) {
  const payer = await world.payer(1_000_000n);
  const home = mkdtempSync(join(world.directory, 'home-'));
  const keys = new Map<string, ReturnType<typeof account>>();
  const open = (offer: Offer, run?: () => Promise<string>) => {
    const store = openClientStore(join(home, 'wallet.db'));
    t.after(() => store.close());
    const ended: (Conclusion | undefined)[] = [];
    const rail = grantRail({
      account: payer,
      sessionKey: (name) => keys.get(name) ?? keys.set(name, account()).get(name) ?? payer,
      channels: store.channels,
      locks: openFileLocks(join(home, 'locks')),
      chain: openChainReader(knowsChain ? { [world.chain.network]: world.chain.rpcUrl } : {}),
      budget: () => 20_000n,
      now,
      randomBytes,
    });
    const purse = openPurse({ payer: payer.address, rails: [rail], ledger: store, session: 's', max: parseBudgets(max), now });
    const fetchPaid = payingFetch(purse, { fetch: sellerOf(offer, run), onPayment: (_payment, conclusion) => ended.push(conclusion) });
    return {
      store,
      ended,
      call: async () => (await fetchPaid(urlOf(offer))).status,
      async grant() {
        const [found] = await store.channels.list({ payer: payer.address, limit: 1 });
        assert(found);
        return { id: found.id, ...readGrantState(found.state) };
      },
    };
  };
  return { payer, open };
}

type Grant = { escrow: Address; payer: Address; provider: Address };
const onChain = ({ escrow, payer, provider }: Grant) =>
  readContract(world.client, { address: escrow, abi: escrowAbi, functionName: 'grant', args: [payer, provider] });

test('a grant is opened by one signature of the wallet; a session key pays the rest, and the seller gets what was charged', async (t) => {
  verifies('payments.client.grant');
  const { payer, open } = await openPerson(t);
  const { call: buy, ended, grant } = open(world.offer('grant'));
  for (let count = 0; count < 5; count++) assert.equal(await buy(), 200);
  assert.deepEqual(
    ended.map((end) => [end?.kind, end?.charged]),
    Array.from({ length: 5 }, () => ['paid', 1000n]),
  );
  const state = await grant();
  assert.deepEqual([state.budget, state.charged, state.signed, state.underWay], [20_000n, 5_000n, 5_000n, []]);
  assert.notEqual(state.signer, payer.address);
  assert.equal(await world.balance(payer.address), 980_000n, 'one deposit');
  await world.payments.claimAll();
  assert.equal((await onChain(state)).spent, 5_000n);
});

test('calls of several processes are under way at a time, and the budget is raised when it runs out', async (t) => {
  verifies('payments.client.grant');
  const { open, payer } = await openPerson(t);
  let atOnce = 0;
  let most = 0;
  const run = async () => {
    most = Math.max(most, ++atOnce);
    await sleep(50);
    atOnce--;
    return 'done';
  };
  const offer = world.offer('grant-ahead');
  const people = [open(offer, run), open(offer, run), open(offer, run)];
  assert.equal(await people[0]?.call(), 200);
  const statuses = await Promise.all(people.flatMap(({ call: buy }) => Array.from({ length: 8 }, buy)));
  assert.deepEqual(
    statuses,
    Array.from({ length: 24 }, () => 200),
  );
  assert.ok(most > 2, `${most} at a time`);
  const state = await people[0]?.grant();
  assert(state);
  assert.deepEqual([state.charged, state.underWay], [25_000n, []]);
  // What the seller has charged and whose answer is still on its way is counted twice for a moment: it may be raised once too early.
  assert.ok([40_000n, 60_000n].includes(state.budget), `${state.budget}`);
  assert.equal(await world.balance(payer.address), 1_000_000n - state.budget);
});

for (const knowsChain of [true, false]) {
  test(`a lost state comes back from the seller${knowsChain ? ' and the chain' : ' alone'}`, async (t) => {
    verifies('payments.client.grant');
    const { open } = await openPerson(t, { knowsChain });
    const { call: buy, ended, grant, store } = open(world.offer(`grant-lost-${knowsChain}`));
    for (let count = 0; count < 3; count++) assert.equal(await buy(), 200);
    await store.channels.delete((await grant()).id);
    assert.equal(await buy(), 200, JSON.stringify(ended.at(-1)?.reason));
    assert.equal((await grant()).budget, 20_000n, 'nothing more was deposited');
    assert.equal((await grant()).charged, 4_000n);
    assert.deepEqual(ended.at(-1)?.kind, 'paid');
    const spent = (await store.list({ limit: 50 })).reduce((sum, { charged }) => sum + charged, 0n);
    assert.equal(spent, 4_000n);
  });
}

test('a call that fails is not charged, and a limit bounds what is reserved', async (t) => {
  verifies('payments.client.grant');
  const { open, payer } = await openPerson(t, { max: '0.005' });
  let fails = true;
  const {
    call: buy,
    grant,
    store,
  } = open(world.offer('grant-fails'), async () => {
    if (fails) throw new Error('no');
    return 'yes';
  });
  assert.equal(await buy(), 500);
  fails = false;
  assert.equal(await buy(), 200);
  const state = await grant();
  assert.equal(state.charged, 1_000n);
  assert.equal(await world.balance(payer.address), 1_000_000n - state.budget);
  assert.ok(state.budget <= 10_000n, `${state.budget} reserved`);
  const spent = (await store.list({ limit: 50 })).reduce((sum, { charged }) => sum + charged, 0n);
  assert.equal(spent, 1_000n, 'the voucher of the call that failed was taken the place of');
});

test('terms that name another contract are not paid into', async (t) => {
  verifies('payments.client.grant');
  const { payer, open } = await openPerson(t);
  const offer = world.offer('grant-trap');
  open(offer);
  const rail = grantRail({
    account: payer,
    channels: { get: async () => undefined, put: async () => undefined, delete: async () => undefined, list: async () => [] },
    locks: { lock: async () => ({ [Symbol.dispose]: () => undefined }) },
    chain: openChainReader({}),
    now: Date.now,
    randomBytes,
  });
  const required = world.required(offer);
  const requirement = required.accepts.find(({ scheme }) => scheme === 'escrow');
  assert(requirement);
  const plan = (extra: Record<string, unknown>) =>
    rail.plan({ required, requirement: { ...requirement, extra: { ...requirement.extra, ...extra } }, token: world.chain.token });
  assert(await plan({}));
  assert.equal(await plan({ escrow: payer.address }), undefined);
  assert.equal(await plan({ escrow: undefined }), undefined);
});

test('after a grant was revoked and closed, the chain tells that a new one begins', async (t) => {
  verifies('payments.client.grant');
  let ahead = 0;
  const { payer, open } = await openPerson(t, { now: () => Date.now() + ahead });
  const offer = world.offer('grant-closed');
  const { call: buy, grant, store } = open(offer);
  assert.equal(await buy(), 200);
  const state = await grant();
  const send = (functionName: 'revoke' | 'close', ...args: readonly Address[]) =>
    sendAs(world.client, payer.address, state.escrow, encodeFunctionData({ abi: escrowAbi, functionName, args: args as never }));
  await world.payments.claimAll();
  await send('revoke', state.provider);
  await advanceChain(world.client, 24 * 3_600 + 1);
  ahead = (24 * 3_600 + 1) * 1000;
  await send('close', payer.address, state.provider);
  await store.channels.delete(state.id);
  const again = open(offer);
  assert.equal(await again.call(), 200);
  assert.equal((await again.grant()).epoch, 1);
});
