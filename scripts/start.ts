// `npm start`: builds what changed, then starts a node as `freehold up` does. The build is a process of its own, so that the
// compilers leave the memory before the node begins its long life.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'build.ts')], { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);

process.argv.splice(2, 0, 'up');
await import('../packages/cli/src/main.ts');
