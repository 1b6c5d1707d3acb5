// Builds what cannot run from source: the desktop (Vite) and the example functions. Each is built again only when its
// sources changed. Usage: npm run build
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildExamples } from '../examples/build.ts';

const root = join(import.meta.dirname, '..');
const desktop = join(root, 'packages/desktop');

export async function build({ log }: { log: (line: string) => void }): Promise<void> {
  await whenChanged({
    name: 'desktop',
    sources: ['packages/desktop/{src,public}/**', 'packages/desktop/{index.html,vite.config.ts,package.json}', 'packages/protocol/src/**'],
    target: join(desktop, 'dist', 'index.html'),
    async work() {
      log('Building the desktop (once after a change) ...');
      const { NODE_ENV: before } = process.env;
      const vite = await import('vite');
      await vite.build({ root: desktop, configFile: join(desktop, 'vite.config.ts'), logLevel: 'warn' });
      // It sets this for the pages that it builds; a node that starts afterwards is not in production for that.
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    },
  });
  await buildExamples({ outDirectory: join(root, 'examples', 'dist'), log });
}

/** Does the work unless the sources are as they were when it was last done and its target is there. */
async function whenChanged({
  name,
  sources,
  target,
  work,
}: {
  name: string;
  sources: string[];
  target: string;
  work: () => Promise<void>;
}) {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  const stamp = join(root, '.cache', `${name}.built`);
  const digest = hash.digest('hex');
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  await work();
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(stamp, digest);
}

if (import.meta.main) await build({ log: (line) => console.error(line) });
