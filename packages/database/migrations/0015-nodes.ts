import type { Migration } from '../src/migration.ts';

/** Which of several nodes on one database a running task and a reserved payment belong to; null from before there were several. */
export default {
  id: '0015-nodes',
  statements: () => [`ALTER TABLE task ADD COLUMN node TEXT`, `ALTER TABLE payment_authorization ADD COLUMN node TEXT`],
} satisfies Migration;
