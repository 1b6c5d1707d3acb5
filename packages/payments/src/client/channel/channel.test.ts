import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { balanceOf, type LocalChain } from '@freehold/contracts';
import { verifies } from '../../../../../requirements/verifies.ts';
import { openStockSellers, type StockSeller } from '../../testing/stock-sellers.ts';
import { account, openChain, seller } from '../../testing/world.ts';
import { parseBudgets } from '../budget.ts';
import { openChainReader } from '../chain.ts';
import { exactRail } from '../exact.ts';
import { openFileLocks } from '../lock.ts';
import { payingFetch } from '../paying-fetch.ts';
import { openPurse } from '../purse.ts';
import type { Conclusion } from '../rail.ts';
import { openClientStore } from '../store.ts';
import { channelRail, configOf, readChannelState } from './channel.ts';
import { refundChannel } from './refund.ts';

suite('channels with sellers that run x402’s own servers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-channel-'));
  let chain: LocalChain;
  let sellers: { express: StockSeller; hono: StockSeller };
  before(async () => {
    chain = await openChain(join(directory, 'chain'));
    sellers = await openStockSellers(chain);
  });
  after(async () => {
    await Promise.all([sellers.express.close(), sellers.hono.close()]);
    await chain.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const reader = () => openChainReader({ [chain.network]: chain.rpcUrl });
  async function balance(holder: typeof seller) {
    const client = reader().client(chain.network);
    assert(client);
    return balanceOf(client, { asset: chain.token.asset, holder });
  }

  /** What one process of a person has: `again` is another one with the same files. */
  async function openPerson(t: TestContext, { rpcUrl = chain.rpcUrl, max = '1' }: { rpcUrl?: string; max?: string } = {}) {
    const payer = account();
    await chain.fund(payer.address, 100_000n);
    const home = mkdtempSync(join(directory, 'home-'));
    const open = () => {
      const store = openClientStore(join(home, 'wallet.db'));
      t.after(() => store.close());
      const shared = {
        account: payer,
        channels: store.channels,
        locks: openFileLocks(join(home, 'locks')),
        chain: openChainReader(rpcUrl === '' ? {} : { [chain.network]: rpcUrl }),
        now: Date.now,
      };
      const ended: (Conclusion | undefined)[] = [];
      const schemes: string[] = [];
      const purse = openPurse({
        payer: payer.address,
        rails: [exactRail({ account: payer, now: Date.now, randomBytes }), channelRail({ ...shared, randomBytes })],
        ledger: store,
        session: 's',
        max: parseBudgets(max),
        now: Date.now,
      });
      const onPayment = ({ scheme }: { scheme: string }, conclusion: Conclusion | undefined) => {
        schemes.push(scheme);
        ended.push(conclusion);
      };
      const fetchPaid = payingFetch(purse, { onPayment });
      const call = async (url: string) => (await fetchPaid(url)).status;
      const channel = async () => {
        const [found] = await store.channels.list({ payer: payer.address, limit: 2 });
        assert(found);
        return { id: found.id, ...readChannelState(found.state) };
      };
      return { call, ended, schemes, store, channel, shared };
    };
    return { payer, open, ...open() };
  }

  for (const name of ['express', 'hono'] as const) {
    test(`@x402/${name}: one deposit, then vouchers, and charges as the seller makes them`, async (t) => {
      verifies('payments.client.channel', 'payments.client.stock');
      const { origin, claim } = sellers[name];
      const { call, ended, channel, payer, store, open, shared } = await openPerson(t);
      const earned = await balance(seller);
      const url = `${origin}/metered`;
      assert.equal(await call(url), 200);
      assert.match(ended[0]?.transaction ?? '', /^0x[0-9a-f]{64}$/, 'the deposit is on the chain');
      const deposited = 100_000n - (await balance(payer.address));
      assert.equal(deposited, 10_000n, 'the least deposit that the seller names');
      for (let count = 0; count < 3; count++) assert.equal(await call(url), 200);
      assert.equal(await call(`${url}?charge=250`), 200);
      assert.equal(await call(`${url}?fail`), 500);
      const another = open();
      assert.equal(await another.call(url), 200, 'another process goes on with the same channel');
      assert.deepEqual(
        [...ended, ...another.ended].map((end) => [end?.kind, end?.charged]),
        [...Array.from({ length: 4 }, () => ['paid', 1000n]), ['paid', 250n], ['refused', 1000n], ['paid', 1000n]],
      );
      assert.equal((await channel()).charged, 5_250n);
      const spent = (await store.list({ limit: 50 })).reduce((sum, { charged }) => sum + charged, 0n);
      assert.equal(spent, 5_250n, 'the voucher that failed was taken the place of');
      assert.equal(await balance(payer.address), 90_000n, 'only the deposit has moved');

      await claim();
      assert.equal((await balance(seller)) - earned, 5_250n, 'the seller got what was charged, and not a unit more');
      const { refunded } = await refundChannel({ url, ...shared });
      assert.equal(refunded, 4_750n);
      assert.equal(await balance(payer.address), 94_750n);
      assert.equal(await call(url), 200, 'a new deposit opens it again');
      assert.equal(await balance(payer.address), 84_750n);
    });
  }

  test('calls of several processes at once take turns, top up, and are all served', async (t) => {
    verifies('payments.client.channel');
    const { open, channel, payer } = await openPerson(t);
    const people = [open(), open(), open()];
    const statuses = await Promise.all(
      people.flatMap(({ call }) => Array.from({ length: 5 }, () => call(`${sellers.hono.origin}/metered`))),
    );
    assert.deepEqual(
      statuses,
      Array.from({ length: 15 }, () => 200),
    );
    const { charged, balance: deposited } = await channel();
    assert.deepEqual([charged, deposited], [15_000n, 20_000n]);
    assert.equal(await balance(payer.address), 80_000n);
  });

  for (const [who, rpcUrl] of [
    ['and the chain', undefined],
    ['without a chain to ask', ''],
    ['with a chain that does not answer', 'http://127.0.0.1:9'],
  ] as const) {
    test(`what was lost of a channel comes back from the seller, ${who}`, async (t) => {
      verifies('payments.client.channel');
      const { call, ended, channel, store } = await openPerson(t, rpcUrl === undefined ? {} : { rpcUrl });
      const url = `${sellers.express.origin}/metered`;
      for (let count = 0; count < 3; count++) assert.equal(await call(url), 200);
      const { id } = await channel();
      await store.channels.delete(id);
      assert.equal(await call(url), 200);
      assert.deepEqual(
        ended.map((end) => end?.kind),
        ['paid', 'paid', 'paid', 'again', 'paid'],
      );
      assert.equal((await channel()).charged, 4_000n);
      const spent = (await store.list({ limit: 50 })).reduce((sum, { charged }) => sum + charged, 0n);
      assert.equal(spent, 4_000n);
    });
  }

  test('a seller that lost its books is told by the chain, and nothing is paid twice', async (t) => {
    verifies('payments.client.channel');
    const { call, channel } = await openPerson(t);
    const { origin, claim, forget } = sellers.hono;
    const url = `${origin}/metered`;
    assert.equal(await call(url), 200);
    assert.equal(await call(url), 200);
    await claim();
    await forget();
    assert.equal(await call(url), 200);
    assert.equal((await channel()).charged, 3_000n);
  });

  test('the way to pay that binds least is taken, and a channel once it is open; a deposit keeps to the limit', async (t) => {
    verifies('payments.client.choice');
    const { call, schemes, open, payer } = await openPerson(t);
    const { origin } = sellers.express;
    assert.equal(await call(`${origin}/either`), 200);
    assert.equal(await call(`${origin}/metered`), 200);
    assert.equal(await call(`${origin}/either`), 200);
    assert.deepEqual(schemes, ['exact', 'batch-settlement', 'batch-settlement']);
    assert.equal(open().schemes.length, 0);
    assert.equal(await balance(payer.address), 100_000n - 1_000n - 10_000n);

    // The seller takes no smaller deposit than 10,000, and the limit allows no more than 2,000 to leave.
    const poor = await openPerson(t, { max: '0.002' });
    await assert.rejects(poor.call(`${origin}/metered`), { code: 'payment_no_option' });
    assert.equal(await poor.call(`${origin}/either`), 200);
    assert.equal(await balance(poor.payer.address), 99_000n);
  });

  test('terms that would bind money for long, or to nobody, are not taken', () => {
    verifies('payments.client.choice');
    const payer = account().address;
    const terms = (extra: Record<string, unknown>) => ({
      scheme: 'batch-settlement',
      network: chain.network,
      asset: chain.token.asset,
      amount: '1',
      payTo: seller,
      maxTimeoutSeconds: 60,
      extra: { receiverAuthorizer: seller, withdrawDelay: 900, ...extra },
    });
    assert(configOf(terms({}), payer));
    for (const extra of [
      { withdrawDelay: 60 },
      { withdrawDelay: 30 * 86_400 },
      { receiverAuthorizer: undefined },
      { receiverAuthorizer: `0x${'00'.repeat(20)}` },
      { assetTransferMethod: 'permit2' },
    ])
      assert.equal(configOf(terms(extra), payer), undefined, JSON.stringify(extra));
  });
});
