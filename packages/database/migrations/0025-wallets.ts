import type { Migration } from '../src/migration.ts';

/**
 * Wallets that the key service derives: public things only. A `wallet_user` is somebody who signed up with an e-mail address and a user
 * id; `wallet_key` are the keys that were given out, for every account that asked. What has been signed with an old version is still
 * checked against its row.
 */
export default {
  id: '0025-wallets',
  statements: ({ identity, integer, name, strict }) => [
    `CREATE TABLE wallet_user (
      position ${identity},
      id ${name} NOT NULL UNIQUE,
      email ${name} NOT NULL UNIQUE,
      user_id ${name} NOT NULL UNIQUE,
      address TEXT NOT NULL UNIQUE REFERENCES account (address) ON DELETE CASCADE,
      public_key TEXT NOT NULL,
      created_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE TABLE wallet_key (
      account TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      algorithm TEXT NOT NULL,
      version ${integer} NOT NULL,
      public_key TEXT NOT NULL,
      address TEXT NOT NULL,
      purpose TEXT NOT NULL,
      chain TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (account, algorithm, version)
    ) ${strict}`,
  ],
} satisfies Migration;
