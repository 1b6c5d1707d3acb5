import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Runs test files and ends with the line `N passed, N failed`, and with an exit code that says the same. Nothing passed is a failure. */
export function runTests({ files, concurrency, timeoutMinutes }: { files: string[]; concurrency: number; timeoutMinutes: number }): void {
  const stream = run({ files, concurrency, timeout: timeoutMinutes * 60_000 });
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  stream.on('test:summary', ({ file, counts }) => {
    if (file !== undefined) return;
    passed = counts.passed;
    skipped = counts.skipped;
    failed = counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  stream.on('end', () =>
    setImmediate(() => {
      if (failed > 0 || passed === 0) process.exitCode = 1;
      console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    }),
  );
  stream.compose(spec).pipe(process.stdout, { end: false });
}
