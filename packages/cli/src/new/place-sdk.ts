import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Puts the SDK that came with this command into the folder `sdk` of a project, and links it as npm would, so that neither a
 * registry nor an installation is needed. A fresh copy of the project links it with `npm install`.
 */
export async function placeSdk(directory: string): Promise<void> {
  const source = dirname(fileURLToPath(import.meta.resolve('@freehold/sdk')));
  const target = join(directory, 'sdk');
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(source, join(target, 'src'), { recursive: true, filter: (path) => !/\.test\.ts$|\/testing$/.test(path) });
  await cp(join(source, '../README.md'), join(target, 'README.md'));
  const manifest = { name: '@freehold/sdk', version: '0.1.0', private: true, type: 'module', exports: { '.': './src/index.ts' } };
  await writeFile(join(target, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await mkdir(join(directory, 'node_modules/@freehold'), { recursive: true });
  const link = join(directory, 'node_modules/@freehold/sdk');
  await rm(link, { recursive: true, force: true });
  await symlink('../../sdk', link);
}
