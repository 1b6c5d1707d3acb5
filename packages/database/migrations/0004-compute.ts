import type { Migration } from '../src/migration.ts';

export default {
  id: '0004-compute',
  statements: () => [],
} satisfies Migration;
