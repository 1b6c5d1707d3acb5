import type { Migration } from '../src/migration.ts';

export default {
  id: '0003-payments',
  statements: () => [],
} satisfies Migration;
