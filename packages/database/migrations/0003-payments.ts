import type { Migration } from '../src/migration.ts';

/**
 * Amounts and the times of an authorization are 256-bit integers: decimal TEXT. Other times are milliseconds since the epoch.
 * An authorization stays bound for ever to the first offer and request it was presented for.
 */
export default {
  id: '0003-payments',
  statements: (types) => [
    `CREATE TABLE payment_authorization (
      id ${types.identity},
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      payer TEXT NOT NULL,
      nonce TEXT NOT NULL,
      pay_to TEXT NOT NULL,
      amount TEXT NOT NULL,
      valid_after TEXT NOT NULL,
      valid_before TEXT NOT NULL,
      signature TEXT NOT NULL,
      offer_id TEXT NOT NULL,
      task_id TEXT NOT NULL,
      request_hash TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('reserved', 'executing', 'executed', 'settling', 'settled', 'released', 'unpaid')),
      result_ref TEXT,
      reason TEXT,
      transaction_hash TEXT,
      reserved_at ${types.integer} NOT NULL,
      changed_at ${types.integer} NOT NULL,
      settled_at ${types.integer},
      UNIQUE (network, asset, payer, nonce)
    ) ${types.strict}`,
    // The few rows of a payer, or of the whole node, that are not at an end: what exposure and recovery look at.
    `CREATE INDEX payment_open ON payment_authorization (payer, asset, network) WHERE state IN ('reserved', 'executing', 'executed', 'settling')`,
    `CREATE INDEX payment_settled ON payment_authorization (settled_at) WHERE state = 'settled'`,
    // The outbox: every transaction is written here, signed, before it is sent. One authorization may have several (fee bumps, a new keeper).
    `CREATE TABLE payment_transaction (
      hash TEXT PRIMARY KEY,
      authorization_id ${types.integer} NOT NULL REFERENCES payment_authorization (id),
      sender TEXT NOT NULL,
      sender_nonce ${types.integer} NOT NULL,
      raw TEXT NOT NULL,
      signed_at ${types.integer} NOT NULL
    ) ${types.strict}`,
    `CREATE INDEX payment_transaction_authorization ON payment_transaction (authorization_id)`,
    // Payers whose money was gone when their work was done.
    `CREATE TABLE payment_payer (
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      payer TEXT NOT NULL,
      unpaid_count ${types.integer} NOT NULL,
      blocked_until ${types.integer} NOT NULL,
      PRIMARY KEY (network, asset, payer)
    ) ${types.strict}`,
    // Running sums of what was settled, written in the transaction that settles.
    `CREATE TABLE payment_total (
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      pay_to TEXT NOT NULL,
      offer_id TEXT NOT NULL,
      amount TEXT NOT NULL,
      payments ${types.integer} NOT NULL,
      PRIMARY KEY (network, asset, pay_to, offer_id)
    ) ${types.strict}`,
  ],
} satisfies Migration;
