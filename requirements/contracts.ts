import type { Requirement } from './requirement.ts';

/** What issue 5 promises of the contracts. */
export default [
  {
    id: 'payments.contracts.whole',
    source: 'issues/5',
    behaviour:
      'Escrow, registry, resolver, channels and dstack chains are tested in Solidity, with fuzzing, invariants, bad tokens and a test for each way to cheat; every line and branch is reached',
  },
  {
    id: 'payments.contracts.invariants',
    source: 'issues/5',
    behaviour:
      'token balance = free + reserved, the sum of open budgets = reserved, and spent ≤ budget hold over 100,000 calls, at the gas that is written down',
  },
  {
    id: 'payments.contracts.bindings',
    source: 'issues/5',
    behaviour: 'bytecode and viem bindings are generated, and generating them anew gives no difference',
  },
  {
    id: 'payments.contracts.book',
    source: 'issues/5',
    behaviour:
      'an address book for each chain says what is deployed and what is not, at addresses that the code decides, and a node asks the chain',
  },
  {
    id: 'payments.contracts.deploy',
    source: 'issues/5',
    behaviour: 'one command deploys the contracts to a chain, with a key from a file, and can be repeated',
  },
  {
    id: 'payments.contracts.x402',
    source: 'issues/5',
    behaviour: 'the stock client, server and facilitator of x402 batch-settlement run against our channel contract unchanged',
  },
  {
    id: 'payments.contracts.dstack',
    source: 'issues/5',
    behaviour: 'a chain of keys of a dstack guest is verified on-chain by two recoveries, and a broken one refused',
  },
] satisfies Requirement[];
