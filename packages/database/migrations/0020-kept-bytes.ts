import type { Migration } from '../src/migration.ts';

/** `task.kept_bytes`: the room that the outputs of a task take. Less than their sizes where only a summary was kept. */
export default {
  id: '0020-kept-bytes',
  statements: ({ integer }) => [
    `ALTER TABLE task ADD COLUMN kept_bytes ${integer} NOT NULL DEFAULT 0`,
    `UPDATE task SET kept_bytes = stdout_size + stderr_size WHERE kept = 1`,
  ],
} satisfies Migration;
