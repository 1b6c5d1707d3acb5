import type { Migration } from '../src/migration.ts';

/**
 * The key-value store of apps. `namespace` is an app's uid, or `os-global`; `value` is JSON; `bytes` is what the entry counts;
 * `private` entries are for their own app only. `keyvalue_usage.bytes` is the sum of an account's entries, expired ones included until they are swept.
 */
export default {
  id: '0010-keyvalue',
  statements: ({ integer, name, strict }) => [
    `CREATE TABLE keyvalue (
      account TEXT NOT NULL,
      namespace TEXT NOT NULL,
      key ${name} NOT NULL,
      value TEXT NOT NULL,
      bytes ${integer} NOT NULL,
      private ${integer} NOT NULL CHECK (private IN (0, 1)),
      expires_at ${integer},
      PRIMARY KEY (account, namespace, key)
    ) ${strict}`,
    `CREATE INDEX keyvalue_expires_at ON keyvalue (expires_at) WHERE expires_at IS NOT NULL`,
    `CREATE TABLE keyvalue_usage (
      account TEXT PRIMARY KEY,
      bytes ${integer} NOT NULL CHECK (bytes >= 0)
    ) ${strict}`,
  ],
} satisfies Migration;
