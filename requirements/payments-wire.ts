import type { Requirement } from './requirement.ts';

/** How payments are spoken of on the wire, carried to chains, and accounted for. */
export default [
  {
    id: 'payments.wire.v1',
    source: 'issues/5',
    behaviour:
      'A client of x402 version 1 pays with X-PAYMENT and is told with X-PAYMENT-RESPONSE; its payment is the same record in the ledger as one of version 2',
  },
  {
    id: 'payments.wire.one-answer',
    source: 'issues/5',
    behaviour:
      'One 402 answer says the terms to everybody: a header for version 2, a body with terms for version 1, a problem (RFC 9457) and the price in words',
  },
  {
    id: 'payments.networks.config',
    source: 'issues/5',
    behaviour:
      'A node sells on Base, Base Sepolia, Ethereum and any EVM chain by its settings (RPC servers, token, EIP-712 domain), or on the embedded chain without any; stock clients of both versions buy there',
  },
  {
    id: 'payments.networks.domain',
    source: 'issues/5',
    behaviour:
      'The domain and decimals of a token are held against the chain at the start; a wrong one is refused with a sentence that says the right value',
  },
  {
    id: 'payments.networks.failover',
    source: 'issues/5',
    behaviour:
      'Where several RPC servers are named, the next one is asked when one does not answer; one that answers for another chain is never believed',
  },
  {
    id: 'payments.outbox.fees',
    source: 'issues/5',
    behaviour: 'A stuck transaction is replaced under its nonce by one whose fees nodes accept as a replacement, up to a ceiling',
  },
  {
    id: 'payments.outbox.reorganised',
    source: 'issues/5',
    behaviour:
      'A transaction counts from the configured number of confirmations on; one that vanishes from the chain after its payment was settled is noticed, and settled again or flagged',
  },
  {
    id: 'payments.outbox.lies',
    source: 'issues/5',
    behaviour:
      'An RPC server that lies, times out, answers 500, nonsense or for another chain moves no money twice and gives no result out unpaid',
  },
  {
    id: 'payments.facilitator.served',
    source: 'issues/5',
    behaviour:
      'A node settles payments of others, for the payees and as often as its owner allows, and never otherwise; stock clients and servers of x402 use it unchanged; one payment is settled once and told as settled once',
  },
  {
    id: 'payments.facilitator.remote',
    source: 'issues/5',
    behaviour:
      'An owner without gas names a facilitator; when it lies, fails, is slow or is gone, nobody is charged twice and nothing is given out unpaid',
  },
  {
    id: 'payments.facilitator.bazaar',
    source: 'issues/5',
    behaviour:
      'Every offer carries bazaar metadata, and discovery lists the paid offers of the node, paged, with the number of their receipts',
  },
  {
    id: 'payments.wire.page',
    source: 'issues/5',
    behaviour:
      'A browser that opens a priced function gets a page that explains the offer and lets a browser wallet pay and see answer and receipt: light and dark, on a phone, for screen readers, with a strict policy and without internet',
  },
  {
    id: 'payments.earnings.window',
    source: 'issues/5',
    behaviour:
      'A seller sees in the desktop and by API what was earned per offer, payer and day, what is pending, failed, given back and at risk, and takes it along as CSV that no spreadsheet executes',
  },
  {
    id: 'payments.earnings.alert',
    source: 'issues/5',
    behaviour: 'A settlement that failed is told to the seller at once',
  },
  {
    id: 'payments.headers.convenience',
    source: 'issues/5',
    behaviour:
      'X-402-Key, -Pay and -Max are off unless the owner switched them on, are taken from a loopback socket without forwarding headers alone, and are refused with 400 otherwise; they reach no log and no program',
  },
  {
    id: 'payments.money.integers',
    source: 'issues/5',
    behaviour: 'No floating point touches money: a lint rule refuses number arithmetic, parsing and formatting of amounts',
  },
] satisfies Requirement[];
