import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/**
 * The Node arguments under which the keeper runs: it may read its own two files and installed packages (for the curve, native
 * code), and nothing else. No writing, no child processes, no workers, no inspector; `seal.ts` adds: no network.
 */
export function keeperArguments(script: string): string[] {
  const seal = fileURLToPath(new URL('./seal.ts', import.meta.url));
  const packages = dirname(dirname(require.resolve('secp256k1/package.json')));
  // node-gyp-build looks at the last one to choose between the builds for glibc and musl.
  const readable = [seal, script, packages, '/etc/alpine-release'];
  return [
    '--permission',
    '--allow-addons',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--disable-sigusr1',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--import=${pathToFileURL(seal).href}`,
    script,
  ];
}
