import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { balanceOf, type LocalChain } from '@freehold/contracts';
import { verifies } from '../../../../requirements/verifies.ts';
import { openStockSellers, stockPrice, type StockSeller } from '../testing/stock-sellers.ts';
import { account, openChain, seller } from '../testing/world.ts';
import { parseBudgets } from './budget.ts';
import { openChainReader } from './chain.ts';
import { exactRail } from './exact.ts';
import { openMemoryLedger } from './ledger.ts';
import { openPurse } from './purse.ts';
import { readTerms } from './terms.ts';

suite('sellers that run x402’s own servers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-stock-'));
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

  for (const name of ['express', 'hono'] as const) {
    test(`@x402/${name} is paid by exact, and the chain shows it`, async () => {
      verifies('payments.client.stock');
      const payer = account();
      await chain.fund(payer.address, 10_000n);
      const reader = openChainReader({ [chain.network]: chain.rpcUrl });
      const client = reader.client(chain.network);
      assert(client);
      const balance = (holder: typeof seller) => balanceOf(client, { asset: chain.token.asset, holder });
      const earned = await balance(seller);
      const ledger = openMemoryLedger();
      const purse = openPurse({
        payer: payer.address,
        rails: [exactRail({ account: payer, now: Date.now, randomBytes })],
        ledger,
        session: 's',
        max: parseBudgets('0.002'),
        now: Date.now,
      });
      for (const [method, path, body] of [
        ['GET', '/weather', undefined],
        ['POST', '/echo', 'hello'],
      ] as const) {
        const url = `${sellers[name].origin}${path}`;
        const ask = (headers: Record<string, string> = {}) => fetch(url, { method, headers, ...(body !== undefined && { body }) });
        const unpaid = await ask();
        assert.equal(unpaid.status, 402);
        const terms = readTerms({ header: unpaid.headers.get('payment-required') ?? undefined, body: await unpaid.text(), url });
        assert(terms);
        const payment = await purse.pay({ terms, url, method });
        const paid = await ask({ [payment.headerName]: payment.header });
        assert.equal(paid.status, 200, await paid.clone().text());
        assert.match(await paid.text(), body === undefined ? /sunny/ : /^hello$/);
        const conclusion = await payment.conclude({ status: paid.status, header: (field) => paid.headers.get(field) ?? undefined });
        assert.deepEqual([conclusion?.kind, conclusion?.charged], ['paid', stockPrice]);
        const [entry] = await ledger.list({ limit: 1 });
        assert(entry);
        assert.equal(await reader.wasUsed(entry), true);
      }
      assert.equal(await balance(seller), earned + 2n * stockPrice);
      assert.equal(await balance(payer.address), 10_000n - 2n * stockPrice);
    });
  }
});
