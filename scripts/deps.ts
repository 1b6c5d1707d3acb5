// Regenerates package-lock.json under the pinned runtime (npm chooses versions by the Node that runs it) and
// proves that `npm ci` accepts the result. Usage: npm run deps [-- npm install arguments]
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const npm = process.env.npm_execpath;
if (!npm) throw new Error('Run this as `npm run deps`, so that npm says where it is.');

// `install` may be said as with npm itself; said twice it would be the name of a package.
const wanted = process.argv.slice(process.argv[2] === 'install' ? 3 : 2);
for (const args of [
  ['install', '--save-exact', ...wanted],
  ['ci', '--dry-run'],
]) {
  const { status } = spawnSync(process.execPath, [realpathSync(npm), ...args, '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
