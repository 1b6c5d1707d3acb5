import type { Migration } from '../src/migration.ts';

/** Who keeps which program on the node: whoever uploaded it or sells it. Its bytes count for each of them. */
export default {
  id: '0028-program-holders',
  statements: ({ integer, name, strict }) => [
    `CREATE TABLE program_holder (
      account ${name} NOT NULL,
      program ${name} NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (account, program)
    ) ${strict}`,
    `CREATE INDEX program_holder_of ON program_holder (program)`,
  ],
} satisfies Migration;
