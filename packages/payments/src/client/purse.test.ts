import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { encodePaymentRequired, encodeSettleResponse, type PaymentRequired } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { account, seller } from '../testing/world.ts';
import { parseBudgets, remaining } from './budget.ts';
import { exactRail } from './exact.ts';
import { openMemoryLedger, type SpendEntry, type SpendLedger } from './ledger.ts';
import { openPurse, type PurseOptions } from './purse.ts';
import { openClientStore } from './store.ts';
import { readTerms, type Terms } from './terms.ts';
import { knownTokens } from './tokens.ts';

const [base] = knownTokens;
assert(base);
const sepolia = knownTokens.find(({ network }) => network === 'eip155:84532');
assert(sepolia);

const termsFor = (amount: string, token = base): Terms => {
  const required: PaymentRequired = {
    x402Version: 2,
    resource: { url: 'http://seller.example/fn' },
    accepts: [
      { scheme: 'exact', network: token.network, asset: token.asset, amount, payTo: seller, maxTimeoutSeconds: 60, extra: token.domain },
    ],
  };
  const terms = readTerms({ header: encodePaymentRequired(required), body: '', url: '' });
  assert(terms);
  return terms;
};

const settled = (transaction: string) => ({
  status: 200,
  header: (name: string) =>
    name === 'payment-response' ? encodeSettleResponse({ success: true, transaction, network: base.network }) : undefined,
});
const answered = (status: number) => ({ status, header: () => undefined });

function openTestStore(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'freehold-wallet-'));
  const file = join(dir, 'deep', 'wallet.db');
  const store = openClientStore(file);
  t.after(() => {
    store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { store, file };
}

function purseOver(ledger: SpendLedger, options: Partial<PurseOptions> & { max: PurseOptions['max'] }) {
  const payer = account();
  const now = options.now ?? Date.now;
  return openPurse({
    payer: payer.address,
    rails: [exactRail({ account: payer, now, randomBytes })],
    ledger,
    session: 's',
    now,
    ...options,
  });
}

const call = (terms: Terms) => ({ terms, url: 'http://user:secret@seller.example/fn?token=secret', method: 'GET' });

test('budgets of sessions count what was spent, each in its scope, in whole numbers', () => {
  verifies('payments.client.budgets');
  const spent = [
    { token: base, amount: 4_000_000n },
    { token: sepolia, amount: 2_000_000n },
    { token: { symbol: 'EURC', network: base.network, decimals: 18 }, amount: 10n ** 18n },
  ];
  assert.equal(remaining(parseBudgets('10'), base, spent), 3_000_000n);
  assert.equal(remaining(parseBudgets('USDC:10'), base, spent), 4_000_000n);
  assert.equal(remaining(parseBudgets('USDC@Base:10'), base, spent), 6_000_000n);
  assert.equal(remaining(parseBudgets('10,USDC@Base:5'), base, spent), 1_000_000n);
  assert.equal(remaining(parseBudgets('USDC@Base:3'), base, spent), 0n);
  assert.equal(remaining(parseBudgets('EURC:3'), base, spent), undefined);
  const huge = [{ token: { symbol: 'BIG', network: base.network, decimals: 18 }, amount: 1n }];
  // 2^53 + 1 has no floating-point number of its own.
  assert.equal(remaining(parseBudgets('9007199254740993.000001'), base, huge), 9007199254740993000000n);
  assert.deepEqual(parseBudgets('{"amount":9007199254740993.10,"network":"base-sepolia"}, [{"amount":"2","token":"EURC"}],3'), [
    { amount: '9007199254740993.10', symbol: 'USDC', network: 'eip155:84532' },
    { amount: '2', symbol: 'EURC' },
    { amount: '3' },
  ]);
  for (const text of [
    '{"amount":-1}',
    '{"amount":1e3}',
    '{"amount":"1","tokn":"USDC"}',
    '{"amount":"1"',
    '{}',
    '{"amount":"1","network":"Mars"}',
  ])
    assert.throws(() => parseBudgets(text), { code: 'budget_malformed' }, text);
});

const ledgers: [string, (t: TestContext) => SpendLedger][] = [
  ['in memory', () => openMemoryLedger()],
  ['on the disk', (t) => openTestStore(t).store],
];
for (const [name, open] of ledgers) {
  suite(`a ledger ${name}`, () => {
    test('a session is paid to the last unit and not one above, whatever becomes of a payment', async (t) => {
      verifies('payments.client.budgets', 'payments.client.ledger');
      const ledger = open(t);
      const purse = purseOver(ledger, { max: parseBudgets('0.001'), perCallMax: parseBudgets('0.0005') });
      await assert.rejects(purse.pay(call(termsFor('501'))), { code: 'payment_over_budget' });
      const first = await purse.pay(call(termsFor('500')));
      assert.equal(first.left, 500n);
      assert.equal((await purse.quote(termsFor('500'))).left, 500n);
      await first.conclude(settled('0xaa'));
      const second = await purse.pay(call(termsFor('300')));
      await assert.rejects(purse.pay(call(termsFor('201'))), { code: 'payment_over_budget', message: /most of which is spent/ });
      // The seller said no, and still holds a signature that it can cash.
      assert.equal((await second.conclude(answered(402)))?.kind, 'refused');
      await assert.rejects(purse.quote(termsFor('201')), { code: 'payment_over_budget' });
      const third = await purse.pay(call(termsFor('200')));
      await third.conclude(undefined);
      await assert.rejects(purse.pay(call(termsFor('1'))), { code: 'payment_over_budget' });
      const other = purseOver(ledger, { max: parseBudgets('0.001'), session: 'other' });
      assert.equal((await other.quote(termsFor('1'))).left, 1000n, 'sessions share nothing');

      const list = await ledger.list({ limit: 10 });
      assert.deepEqual(
        list.map(({ state, charged, url, transaction }) => [state, charged, url, transaction]),
        [
          ['sent', 200n, 'http://seller.example/fn', undefined],
          ['refused', 300n, 'http://seller.example/fn', undefined],
          ['paid', 500n, 'http://seller.example/fn', '0xaa'],
        ],
      );
    });

    test('what the chain says was never cashed goes back to its budget, once nobody can cash it', async (t) => {
      verifies('payments.client.ledger');
      const ledger = open(t);
      let time = 1_000_000_000_000;
      const asked: SpendEntry[] = [];
      const cashed = new Set<string>();
      const wasUsed = async (entry: SpendEntry) => (asked.push(entry), cashed.has(entry.reference));
      const purse = purseOver(ledger, { max: parseBudgets('0.001'), now: () => time, wasUsed });
      const lost = await purse.pay(call(termsFor('600')));
      await lost.conclude(undefined);
      const refused = await purse.pay(call(termsFor('400')));
      await refused.conclude(answered(500));
      await assert.rejects(purse.pay(call(termsFor('1'))), { code: 'payment_over_budget' });
      assert.deepEqual(asked, [], 'both can still be cashed');
      cashed.add(refused.reference);
      time += 60_000 + 121_000;
      assert.equal((await purse.pay(call(termsFor('600')))).amount, 600n);
      await assert.rejects(purse.pay(call(termsFor('1'))), { code: 'payment_over_budget' });
      assert.deepEqual(
        (await ledger.list({ limit: 10 })).map(({ state, charged }) => [state, charged]),
        [
          ['sent', 600n],
          ['paid', 400n],
          ['free', 0n],
        ],
      );
    });
  });
}

test('the file of a wallet is for its owner alone, and one of a newer version is not touched', async (t) => {
  verifies('payments.client.ledger');
  const { file, store } = openTestStore(t);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await store.channels.put('0x1', { kind: 'k', payer: 'p', state: '{"a":1}', at: 1 });
  await store.channels.put('0x1', { kind: 'k', payer: 'p', state: '{"a":2}', at: 2 });
  const again = openClientStore(file);
  assert.equal(await again.channels.get('0x1'), '{"a":2}');
  assert.deepEqual(
    (await again.channels.list({ payer: 'p', limit: 5 })).map(({ id }) => id),
    ['0x1'],
  );
  await again.channels.delete('0x1');
  assert.equal(await store.channels.get('0x1'), undefined);
  again.close();
  const { DatabaseSync } = await import('node:sqlite');
  const raw = new DatabaseSync(file);
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  assert.throws(() => openClientStore(file), /newer version/);
});
