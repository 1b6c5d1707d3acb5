import type { Migration } from '../src/migration.ts';

/**
 * User ids that wallets were derived from, for ever: the key follows from the id, so that whoever got the id of a person who has left
 * would get that person's wallet too.
 */
export default {
  id: '0029-taken-names',
  statements: ({ name, strict }) => [
    `CREATE TABLE taken_user_id (user_id ${name} PRIMARY KEY) ${strict}`,
    `INSERT INTO taken_user_id (user_id) SELECT user_id FROM wallet_user`,
  ],
} satisfies Migration;
