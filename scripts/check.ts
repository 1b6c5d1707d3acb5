// `npm run check`: types, lint, format, arrows, dead code, and a lock file that `npm ci` accepts. Part of `npm test`.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (path: string) => join(root, 'node_modules', path);

/** npm beside the system's Node, found as a shell would find it. */
function npmCli(): string | undefined {
  if (process.env['npm_execpath']) return process.env['npm_execpath'];
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'npm'))
    .find((path) => existsSync(path));
  return found && realpathSync(found);
}

const npm = npmCli();
const steps: [name: string, args: string[]][] = [
  ['types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']],
  ['types of the desktop', [bin('typescript/bin/tsc'), '-p', 'packages/desktop/tsconfig.json']],
  ['types of the browser test', [bin('typescript/bin/tsc'), '-p', 'test/tsconfig.json']],
  ['lint', [bin('oxlint/bin/oxlint'), '--type-aware', '--quiet']],
  ['format', [bin('oxfmt/bin/oxfmt'), '--check', '.']],
  ['arrows', [join(import.meta.dirname, 'arrows.ts')]],
  ['dead code', [bin('knip/bin/knip.js'), '--no-progress']],
  ...(npm
    ? ([['lock file', [npm, 'ci', '--dry-run', '--prefer-offline', '--loglevel=error', '--no-audit']]] satisfies [string, string[]][])
    : []),
];

let failed = 0;
for (const [name, args] of steps) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env['PATH'] },
  });
  console.log(`${status === 0 ? '✓' : '✗'} ${name}`);
  if (status === 0) continue;
  failed++;
  console.log(`${stdout}${stderr}`.trimEnd());
}
process.exitCode = failed > 0 ? 1 : 0;
