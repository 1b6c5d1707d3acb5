import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/**
 * The Node arguments under which a keeper runs: it may read its own files and installed packages (for the curve, native
 * code), and nothing else. No writing, no child processes, no workers, no inspector; `seal.ts` adds: no network.
 */
export function keeperArguments(script: string, parts: readonly string[] = []): string[] {
  const seal = fileURLToPath(new URL('./seal.ts', import.meta.url));
  const secret = fileURLToPath(new URL('./secret.ts', import.meta.url));
  const packages = dirname(dirname(require.resolve('secp256k1/package.json')));
  // node-gyp-build looks at the last one to choose between the builds for glibc and musl.
  const readable = [seal, secret, script, ...parts, packages, '/etc/alpine-release'];
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

/** The same for the keeper that speaks with a key service: Unix sockets, by the one file of it that may load `node:net`. */
export function teeKeeperArguments({ servicePath, listenPath }: { servicePath: string; listenPath?: string }): string[] {
  const script = fileURLToPath(new URL('./tee/process.ts', import.meta.url));
  const parts = ['key-service.ts', 'keys.ts', 'question.ts', 'socket.ts'].map((name) => join(dirname(script), name));
  return [
    // Node 25 and later count a Unix socket as network, too.
    '--expose-gc',
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
    // Who serves a socket makes it, and no other file.
    ...(listenPath === undefined ? [] : [`--allow-fs-write=${listenPath}`]),
    ...keeperArguments(script, parts),
    servicePath,
    ...(listenPath === undefined ? [] : [listenPath]),
  ];
}
