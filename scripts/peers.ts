// Lets programs that others wrote judge a running node, and ends with the line `N passed, N failed`.
// Usage: npm run test:peers [-- FILTER …] [--allow-missing]
// A judge that is not installed is a failure, unless --allow-missing makes it a skipped test. `--missing` only prints the Debian
// packages that are missing, for `.ci/run`.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { missingPackages } from '../test/harness/judges.ts';
import { runTests } from './run-tests.ts';

const root = join(import.meta.dirname, '..');
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const missing = missingPackages();

if (process.argv.includes('--missing')) {
  console.log(missing.join(' '));
} else {
  if (missing.length > 0) {
    console.error(`These Debian packages are missing: ${missing.join(', ')}. Install them:`);
    console.error(`  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing.join(' ')}`);
  }
  if (process.argv.includes('--allow-missing')) process.env['FREEHOLD_ALLOW_MISSING'] = '1';
  const files = globSync('test/peers/*.test.ts', { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
    .map((file) => join(root, file));
  runTests({ files, concurrency: 2, timeoutMinutes: 12 });
}
