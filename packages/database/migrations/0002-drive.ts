import type { Migration } from '../src/migration.ts';

export default {
  id: '0002-drive',
  statements: () => [],
} satisfies Migration;
