import type { Migration } from '../src/migration.ts';

export default {
  id: '0001-identity',
  statements: ({ integer, bytes, identity, strict }) => [
    `CREATE TABLE account (
      address TEXT PRIMARY KEY,
      role TEXT NOT NULL CHECK (role IN ('owner', 'member', 'guest')),
      created_at ${integer} NOT NULL,
      expires_at ${integer},
      CHECK (role <> 'owner' OR expires_at IS NULL)
    ) ${strict}`,
    `CREATE UNIQUE INDEX account_owner ON account (role) WHERE role = 'owner'`,
    `CREATE TABLE challenge (
      nonce TEXT PRIMARY KEY,
      address TEXT NOT NULL,
      origin TEXT NOT NULL,
      message TEXT NOT NULL,
      network TEXT NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${strict}`,
    `CREATE INDEX challenge_expires_at ON challenge (expires_at)`,
    `CREATE INDEX challenge_network ON challenge (network)`,
    `CREATE TABLE session (
      id TEXT PRIMARY KEY,
      token_hash ${bytes} NOT NULL UNIQUE,
      address TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      created_at ${integer} NOT NULL,
      last_used_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      user_agent TEXT NOT NULL,
      network TEXT NOT NULL
    ) ${strict}`,
    `CREATE INDEX session_address ON session (address, last_used_at)`,
    `CREATE INDEX session_expires_at ON session (expires_at)`,
    `CREATE TABLE signer (
      position ${identity},
      address TEXT NOT NULL UNIQUE,
      since ${integer} NOT NULL
    ) ${strict}`,
  ],
} satisfies Migration;
