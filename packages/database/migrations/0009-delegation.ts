import type { Migration } from '../src/migration.ts';

/**
 * What an account lets others do for it.
 *
 * - `authorized_app`: an app that the account has let in, and nothing else makes it known; what hangs on it goes with it.
 * - `app_permission`: what it was given besides its own data, in the normalised spelling of identity's `permission.ts`.
 * - `delegated_token`: tokens that are not a session. `session` is the one that ends it; an access token and an app password last until they
 *   expire or are revoked. `app` holds an app token or made an access token. `permissions`: lines, of an access token; `access`: of a password.
 */
export default {
  id: '0009-delegation',
  statements: ({ integer, bytes, name, strict }) => [
    `CREATE TABLE authorized_app (
      address TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      app TEXT NOT NULL,
      origin TEXT,
      name TEXT NOT NULL,
      authorized_at ${integer} NOT NULL,
      PRIMARY KEY (address, app)
    ) ${strict}`,
    `CREATE TABLE app_permission (
      address TEXT NOT NULL,
      app TEXT NOT NULL,
      permission ${name} NOT NULL,
      granted_at ${integer} NOT NULL,
      PRIMARY KEY (address, app, permission),
      FOREIGN KEY (address, app) REFERENCES authorized_app (address, app) ON DELETE CASCADE
    ) ${strict}`,
    `CREATE TABLE delegated_token (
      id TEXT PRIMARY KEY,
      token_hash ${bytes} NOT NULL UNIQUE,
      kind TEXT NOT NULL CHECK (kind IN ('app', 'token', 'password')),
      address TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
      session TEXT REFERENCES session (id) ON DELETE CASCADE,
      app TEXT,
      label TEXT NOT NULL,
      permissions TEXT NOT NULL,
      access TEXT CHECK (access IN ('read', 'write')),
      created_at ${integer} NOT NULL,
      last_used_at ${integer} NOT NULL,
      expires_at ${integer},
      FOREIGN KEY (address, app) REFERENCES authorized_app (address, app) ON DELETE CASCADE,
      CHECK (kind <> 'app' OR (app IS NOT NULL AND session IS NOT NULL)),
      CHECK ((kind = 'password') = (access IS NOT NULL))
    ) ${strict}`,
    `CREATE INDEX delegated_token_address ON delegated_token (address, kind, last_used_at)`,
    `CREATE INDEX delegated_token_session ON delegated_token (session)`,
    `CREATE INDEX delegated_token_expires_at ON delegated_token (expires_at) WHERE expires_at IS NOT NULL`,
    // A list of sessions that ends one cascades by it, and one of apps by this.
    `CREATE INDEX delegated_token_app ON delegated_token (address, app)`,
  ],
} satisfies Migration;
