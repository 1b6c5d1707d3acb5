import type { Migration } from '../src/migration.ts';

/**
 * `payment_tab_open` holds all that the sum of what is under way on a tab needs, so that it is chosen over the index of all its vouchers.
 * `upfront`: the money moves before the work is done. A refund is what is owed for work that was paid upfront and came to nothing: a credit
 * note, written in the transaction that releases the payment, and paid out by a job of the node's own.
 */
export default {
  id: '0022-refunds',
  statements: ({ integer, identity, strict }) => [
    `DROP INDEX payment_tab_open`,
    `CREATE INDEX payment_tab_open ON payment_authorization (tab_id, state, amount) WHERE tab_id IS NOT NULL AND state IN ('reserved', 'executing', 'executed', 'settling')`,
    `ALTER TABLE payment_authorization ADD COLUMN upfront ${integer} NOT NULL DEFAULT 0`,
    `CREATE TABLE payment_refund (
      id ${identity},
      network TEXT NOT NULL,
      asset TEXT NOT NULL,
      payer TEXT NOT NULL,
      amount TEXT NOT NULL,
      authorization_id ${integer} NOT NULL UNIQUE REFERENCES payment_authorization (id),
      job_id ${integer},
      transaction_hash TEXT,
      created_at ${integer} NOT NULL,
      paid_at ${integer},
      node TEXT NOT NULL
    ) ${strict}`,
    `CREATE INDEX payment_refund_owed ON payment_refund (node, id) WHERE paid_at IS NULL`,
  ],
} satisfies Migration;
