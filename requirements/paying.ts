import type { Requirement } from './requirement.ts';

const source = 'issues/5';

/** What a wallet does with a person's money: the paying client of the command line, of programs, and of the tools gateway. */
export default [
  {
    id: 'payments.client.budgets',
    source,
    behaviour:
      'a price is paid up to the budgets (per call, per session, per token, per network; from options, environment or configuration) and not one atomic unit above; without a budget at most one whole token is paid',
  },
  {
    id: 'payments.client.session',
    source,
    behaviour: '20 parallel `freehold curl` with a session budget for 10 calls buy exactly 10',
  },
  {
    id: 'payments.client.ledger',
    source,
    behaviour:
      'every payment is on the disk before its signature leaves; after kill -9 it counts as spent until the chain says that it never can be cashed; `freehold spend` lists all',
  },
  {
    id: 'payments.client.keystore',
    source,
    behaviour:
      'keys are kept in Web3 Secret Storage v3 files that other wallets write and read; the password comes from a file, a variable or the terminal; no message holds a key or a password',
  },
  {
    id: 'payments.client.inspect',
    source,
    behaviour: '`freehold inspect` shows the terms of any x402 server of version 1 and 2, and `--dry-run` what would be paid; neither pays',
  },
  {
    id: 'payments.client.stock',
    source,
    behaviour: 'our client, unchanged, buys from stock @x402/express and @x402/hono servers, and the chain shows it',
  },
  {
    id: 'payments.curl.parity',
    source,
    behaviour:
      'at least 60 behaviours of curl come out of `freehold curl` with the same bytes, files and exit code on the same server, free and paid',
  },
  {
    id: 'payments.curl.several',
    source,
    behaviour: 'several URLs, patterns, `--next` and `-Z` are paid for one by one within one limit',
  },
  { id: 'payments.curl.builtin', source, behaviour: 'without curl on the machine a small client of our own fetches and pays' },
  {
    id: 'payments.client.v1',
    source,
    behaviour: 'sellers of x402 version 1 are paid through X-PAYMENT, by programs and by `freehold curl`',
  },
  { id: 'payments.client.fetch', source, behaviour: 'a program pays through a `fetch` that keeps to the budgets and ledger of its wallet' },
  {
    id: 'payments.client.channel',
    source,
    behaviour:
      'a batch-settlement channel is opened by one deposit, reused and topped up by any number of processes, locked while a call is on it, recovered when either side lost its state, and refunded',
  },
  {
    id: 'payments.client.choice',
    source,
    behaviour:
      'among what a seller accepts the cheapest is paid, then what binds least money; a deposit keeps to the limits; the person can choose otherwise',
  },
  { id: 'payments.client.balance', source, behaviour: '`freehold balance` tells what a key has on its chains and in its channels' },
  {
    id: 'payments.client.grant',
    source,
    behaviour:
      'a grant of the Escrow is opened by one signature and relayed by its seller, paid from by a session key that is nowhere kept, by several calls of several processes at a time, raised, recovered, and never opened in a contract that is not known',
  },
  {
    id: 'payments.client.node',
    source,
    behaviour: '`freehold curl` pays a node of Freehold by exact, from a channel and from a grant',
  },
] satisfies Requirement[];
