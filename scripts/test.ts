// Runs the tests and ends with the line `N passed, N failed`. Usage: npm test [-- FILTER …] [--long]
// FILTER keeps the files whose path contains it; --long runs the long forms of the slow suites too.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.ts';
import { runTests } from './run-tests.ts';

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
// What needs programs from outside of npm is `npm run test:peers`.
const files = globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') || path.includes('test/peers') })
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
  .map((file) => join(root, file));

runTests({ files, concurrency: 2, timeoutMinutes: 10 });
