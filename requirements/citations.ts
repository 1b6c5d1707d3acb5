import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const testFiles = [
  'packages/*/src/**/*.test.ts',
  // Suites that several implementations share, each run by a test file of its own.
  'packages/*/src/**/testing/*contract*.ts',
  'examples/**/*.test.ts',
  'requirements/*.test.ts',
  'scripts/**/*.test.ts',
  'test/**/*.test.ts',
];

/** Which test files cite which promise: id → files, read from the calls `verifies('a', 'b')` in the sources. */
export function citations(): Map<string, string[]> {
  const cited = new Map<string, string[]>();
  for (const file of globSync(testFiles, { cwd: root, exclude: (path) => path.includes('node_modules') })) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const call of source.matchAll(/\bverifies\(([^)]*)\)/g)) {
      for (const id of (call[1] ?? '').matchAll(/'([^']+)'/g)) {
        const name = id[1] ?? '';
        cited.set(name, [...new Set([...(cited.get(name) ?? []), file])]);
      }
    }
  }
  return cited;
}
