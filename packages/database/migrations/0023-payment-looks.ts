import type { Migration } from '../src/migration.ts';

/** How often a settled payment was looked for on its chain again: a chain may take back what it had. */
export default {
  id: '0023-payment-looks',
  statements: ({ integer, strict }) => [
    `CREATE TABLE payment_look (
      authorization_id ${integer} PRIMARY KEY REFERENCES payment_authorization (id),
      looks ${integer} NOT NULL
    ) ${strict}`,
  ],
} satisfies Migration;
