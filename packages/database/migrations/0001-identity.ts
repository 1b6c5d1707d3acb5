import type { Migration } from '../src/migration.ts';

export default {
  id: '0001-identity',
  statements: () => [],
} satisfies Migration;
