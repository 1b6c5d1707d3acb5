import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Megabytes of objects; pixels and file contents lie outside of them and are bounded by `residentLimit` of the reader. */
const heapMegabytes = 256;

/** The Node arguments of the process that reads files: it may read its own code and the installed packages, and nothing else. */
export function readerArguments(script = here('./process.ts')): string[] {
  const seal = here('./seal.ts');
  const packages = dirname(dirname(require.resolve('pdfjs-dist/package.json')));
  const readable = [here('./'), here('../search/'), script, packages];
  return [
    '--permission',
    '--allow-addons',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${heapMegabytes}`,
    '--disable-sigusr1',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--import=${pathToFileURL(seal).href}`,
    script,
  ];
}
