import type { Migration } from '../src/migration.ts';

/**
 * More ways to be somebody: `wallet` names the Solana wallet of an account, `admin` makes a member an administrator (the list of roles
 * stands in a check of the first migration). `security_event` is what an account sees of its own safety: sign-ins, and what they changed.
 */
export default {
  id: '0026-sign-in',
  statements: ({ identity, integer, strict }) => [
    `ALTER TABLE account ADD COLUMN wallet TEXT`,
    `ALTER TABLE account ADD COLUMN admin ${integer} NOT NULL DEFAULT 0`,
    `CREATE TABLE security_event (
      position ${identity},
      account TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      at ${integer} NOT NULL,
      kind TEXT NOT NULL,
      detail TEXT NOT NULL,
      network TEXT,
      user_agent TEXT
    ) ${strict}`,
    `CREATE INDEX security_event_of ON security_event (account, position)`,
    `CREATE INDEX security_event_at ON security_event (at)`,
  ],
} satisfies Migration;
