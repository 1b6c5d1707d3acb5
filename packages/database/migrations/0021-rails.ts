import type { Migration } from '../src/migration.ts';

/**
 * More ways to pay than one authorization a call. A tab is money that a payer has put aside for one payee on a chain (a channel, a
 * grant); vouchers are cumulative, so the highest one is worth all calls before it. `charged` is what the calls came to, `claimed` how
 * much of it the chain has been told. A job is a transaction of the node's own: a claim, a refund, a payout. Amounts are decimal TEXT;
 * `cumulative` is padded to 39 digits, so that its text sorts by value.
 */
export default {
  id: '0021-rails',
  statements: ({ integer, identity, strict }) => [
    `ALTER TABLE payment_authorization ADD COLUMN scheme TEXT NOT NULL DEFAULT 'exact'`,
    `ALTER TABLE payment_authorization ADD COLUMN tab_id TEXT`,
    `ALTER TABLE payment_authorization ADD COLUMN cumulative TEXT`,
    `ALTER TABLE payment_authorization ADD COLUMN charged_after TEXT`,
    `ALTER TABLE payment_authorization ADD COLUMN meter TEXT`,
    `CREATE INDEX payment_tab_open ON payment_authorization (tab_id) WHERE tab_id IS NOT NULL AND state IN ('reserved', 'executing', 'executed', 'settling')`,
    `CREATE INDEX payment_tab_voucher ON payment_authorization (tab_id, cumulative) WHERE tab_id IS NOT NULL`,
    `CREATE TABLE payment_tab (
      id TEXT PRIMARY KEY,
      scheme TEXT NOT NULL,
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      payer TEXT NOT NULL,
      payee TEXT NOT NULL,
      signer TEXT NOT NULL,
      terms TEXT NOT NULL,
      balance TEXT NOT NULL,
      claimed TEXT NOT NULL,
      charged TEXT NOT NULL,
      signed TEXT NOT NULL,
      signature TEXT NOT NULL,
      closing_at ${integer},
      refund_nonce TEXT NOT NULL,
      job_id ${integer},
      unclaimed_since ${integer},
      read_at ${integer} NOT NULL,
      used_at ${integer} NOT NULL,
      node TEXT NOT NULL
    ) ${strict}`,
    `CREATE INDEX payment_tab_unclaimed ON payment_tab (node, id) WHERE unclaimed_since IS NOT NULL`,
    `CREATE INDEX payment_tab_payer ON payment_tab (payer, id)`,
    `CREATE TABLE payment_job (
      id ${identity},
      node TEXT NOT NULL,
      network TEXT NOT NULL,
      kind TEXT NOT NULL,
      sent_to TEXT NOT NULL,
      data TEXT NOT NULL,
      about TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed')),
      reason TEXT,
      transaction_hash TEXT,
      created_at ${integer} NOT NULL,
      ended_at ${integer}
    ) ${strict}`,
    `CREATE INDEX payment_job_open ON payment_job (node, id) WHERE state = 'open'`,
    `CREATE TABLE payment_job_transaction (
      hash TEXT PRIMARY KEY,
      job_id ${integer} NOT NULL REFERENCES payment_job (id),
      sender TEXT NOT NULL,
      sender_nonce ${integer} NOT NULL,
      raw TEXT NOT NULL,
      signed_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX payment_job_transaction_job ON payment_job_transaction (job_id)`,
  ],
} satisfies Migration;
