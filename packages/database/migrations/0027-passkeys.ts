import type { Migration } from '../src/migration.ts';

/**
 * Passkeys: a second way in for an account. `counter` is the authenticator's own, which only grows where it has one. A person who signed
 * up is `confirmed_at` when the first passkey is there; the account of one who never comes back ends by itself.
 */
export default {
  id: '0027-passkeys',
  statements: ({ bytes, integer, name, strict }) => [
    `CREATE TABLE passkey (
      id ${name} PRIMARY KEY,
      account TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      public_key ${bytes} NOT NULL,
      counter ${integer} NOT NULL,
      transports TEXT NOT NULL,
      label TEXT NOT NULL,
      rp TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      last_used_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX passkey_of ON passkey (account, created_at)`,
    `ALTER TABLE wallet_user ADD COLUMN confirmed_at ${integer}`,
  ],
} satisfies Migration;
