// Runs the tests and ends with the line `N passed, N failed`. Usage: npm test [-- FILTER …] [--long]
// FILTER keeps the files whose path contains it; --long runs the long forms of the slow suites too.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { build } from './build.ts';

const root = join(import.meta.dirname, '..');
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (process.argv.includes('--long')) process.env['FREEHOLD_LONG'] = '1';

await build({ log: (line) => console.error(line) });

const patterns = [
  'packages/*/src/**/*.test.ts',
  'requirements/*.test.ts',
  'scripts/**/*.test.ts',
  'examples/*.test.ts',
  'test/**/*.test.ts',
];
const files = globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') })
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
  .map((file) => join(root, file));

const stream = run({ files, concurrency: 2, timeout: 10 * 60_000 });
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
