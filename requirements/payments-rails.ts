import type { Requirement } from './requirement.ts';

const source = 'issues/5';

/** The rails of payments and their ledger. */
export default [
  {
    id: 'payments.channel.vouchers',
    source,
    behaviour:
      'one deposit into an x402 channel pays many calls with vouchers, without a transaction each, and one claim pays the seller for all',
  },
  { id: 'payments.channel.metered', source, behaviour: 'a metered price is held at its most and charged at what the run took' },
  {
    id: 'payments.channel.correction',
    source,
    behaviour: 'a voucher that does not follow is refused with where the channel is, so that a stock client recovers',
  },
  {
    id: 'payments.channel.withdraw-race',
    source,
    behaviour: 'a payer who starts a withdrawal is claimed from at once: what was charged is paid before he has his money back',
  },
  { id: 'payments.channel.refund', source, behaviour: 'what was not charged is given back when its payer asks for it' },
  {
    id: 'payments.attack.parallel',
    source,
    behaviour: 'on every rail one payment sent many times in parallel runs one task and is charged once',
  },
  { id: 'payments.attack.failure', source, behaviour: 'on every rail a call that fails is charged nothing' },
  { id: 'payments.attack.exposure', source, behaviour: 'on every rail payments from a wallet with money for one never run more than one' },
  {
    id: 'payments.stock.channel',
    source,
    behaviour: 'the stock @x402/fetch client with the batch-settlement scheme buys from a node unchanged',
  },
  {
    id: 'payments.escrow.vouchers',
    source,
    behaviour:
      'a reserved grant of the escrow pays many calls with vouchers, of a session key where one is named, and one settlement pays the seller',
  },
  { id: 'payments.escrow.ahead', source, behaviour: 'several calls of one payer draw on a grant at a time, in any order' },
  { id: 'payments.escrow.bounds', source, behaviour: 'budget, price cap, session key, provider and epoch of a grant bind' },
  { id: 'payments.escrow.revoke', source, behaviour: 'a grant that is revoked is settled at once, and buys nothing more' },
  {
    id: 'payments.crash',
    source,
    behaviour:
      'after kill -9 at any state of any rail the balances on the chain equal the ledger: nobody paid twice, no paid result is lost',
  },
  {
    id: 'payments.bad',
    source,
    behaviour:
      'payments that are not exactly what was asked are refused on every rail, over 300 generated ones: nothing runs, nothing is charged',
  },
  { id: 'payments.upfront.first', source, behaviour: 'long or dear work paid by an authorization is paid before it begins' },
  {
    id: 'payments.upfront.refund',
    source,
    behaviour: 'work that was paid upfront and failed is refunded by a credit note and a payout, once',
  },
  {
    id: 'payments.free.sign-in-with-x',
    source,
    behaviour:
      'a wallet that has paid for a deterministic result of its own proves itself (x402 sign-in-with-x) and has it again without paying',
  },
] satisfies Requirement[];
