import type { Migration } from '../src/migration.ts';

/** What this node carries to a chain for others, as their facilitator; each authorization once. */
export default {
  id: '0024-facilitator',
  statements: ({ identity, integer, strict }) => [
    `CREATE TABLE facilitator_settlement (
      id ${identity},
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      payer TEXT NOT NULL,
      nonce TEXT NOT NULL,
      pay_to TEXT NOT NULL,
      amount TEXT NOT NULL,
      valid_after TEXT NOT NULL,
      valid_before TEXT NOT NULL,
      signature TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('settling', 'settled', 'failed')),
      reason TEXT,
      transaction_hash TEXT,
      answered ${integer} NOT NULL DEFAULT 0,
      node TEXT NOT NULL,
      asked_at ${integer} NOT NULL,
      UNIQUE (network, asset, payer, nonce)
    ) ${strict}`,
    `CREATE INDEX facilitator_asked ON facilitator_settlement (asked_at)`,
    `CREATE INDEX facilitator_open ON facilitator_settlement (node, id) WHERE state = 'settling'`,
    // Signed transactions, written before they are sent.
    `CREATE TABLE facilitator_transaction (
      hash TEXT PRIMARY KEY,
      settlement_id ${integer} NOT NULL REFERENCES facilitator_settlement (id),
      sender TEXT NOT NULL,
      sender_nonce ${integer} NOT NULL,
      raw TEXT NOT NULL,
      signed_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX facilitator_transaction_settlement ON facilitator_transaction (settlement_id)`,
  ],
} satisfies Migration;
