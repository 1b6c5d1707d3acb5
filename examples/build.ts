// Builds the example functions from source. Each is compiled again only when its sources or the compiler changed.
// Usage: node examples/build.ts (into examples/dist)
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';

type Recipe = { name: string; description: string; kind: 'core' | 'wasi' | 'native'; deterministic: boolean };

/** Programs that people run on their own files, in the desktop or with `freehold run`; they speak no CGI and are not for sale. */
const commands: Recipe[] = [
  { name: 'file-processor', description: 'Counts the lines, words and characters of a file', kind: 'wasi', deterministic: true },
  { name: 'environment-reader', description: 'Tells what a program sees of the world', kind: 'wasi', deterministic: false },
];

const recipes: Recipe[] = [
  { name: 'calculator', description: 'Adds, subtracts, multiplies and divides two numbers', kind: 'core', deterministic: true },
  { name: 'csv-to-json', description: 'Turns CSV with a header row into a JSON array of objects', kind: 'wasi', deterministic: true },
  { name: 'thumbnail', description: 'Makes a PNG picture smaller; choose the width with ?width=200', kind: 'wasi', deterministic: true },
  { name: 'hello-c', description: 'A native program in C that greets you and shows its limits', kind: 'native', deterministic: false },
];

/** A built function, ready to be uploaded and offered. */
export type Example = Recipe & {
  interface: 'cgi';
  runtime: 'wasm' | 'linux-x64' | 'linux-arm64';
  /** Absolute path of the program. */
  file: string;
};

const here = import.meta.dirname;
const compilerVersion = String(createRequire(import.meta.url)('assemblyscript/package.json').version);
const nativeRuntime = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';

/** Builds all that can be built here, and answers what can be sold; what cannot (the native one, without a C compiler) is left out and said in the log. */
export async function buildExamples({ outDirectory, log }: { outDirectory: string; log: (line: string) => void }): Promise<Example[]> {
  mkdirSync(outDirectory, { recursive: true });
  const built: Example[] = [];
  for (const recipe of [...recipes, ...commands]) {
    const refusal = recipe.kind === 'native' ? missingForNative() : undefined;
    if (refusal !== undefined) {
      log(`The example ${recipe.name} is left out: ${refusal}`);
      continue;
    }
    const file = join(outDirectory, `${recipe.name}${recipe.kind === 'native' ? '' : '.wasm'}`);
    const stamp = join(outDirectory, `.${recipe.name}.sources`);
    const sources = hashSources(recipe);
    if (!existsSync(file) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== sources) {
      log(`Building the example ${recipe.name} ...`);
      const fresh = `${file}.${process.pid}.new`;
      if (recipe.kind === 'native') compileNative(recipe, fresh);
      else await compileWasm(recipe, fresh);
      renameSync(fresh, file);
      writeFileSync(stamp, sources);
    }
    if (commands.includes(recipe)) continue;
    built.push({ ...recipe, interface: 'cgi', runtime: recipe.kind === 'native' ? nativeRuntime : 'wasm', file });
  }
  return built;
}

function missingForNative(): string | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return 'native functions run on Linux (x64, arm64) only.';
  if (spawnSync('cc', ['--version'], { stdio: 'ignore' }).status !== 0)
    return 'there is no C compiler. Install one (the command cc) to build it.';
  return undefined;
}

const sourcesOf = ({ name, kind }: Recipe) =>
  globSync(kind === 'native' ? [`${name}/*.c`] : [`${name}/assembly/*.ts`, 'shared/*.ts'], { cwd: here })
    .sort()
    .map((path) => join(here, path));

function hashSources(recipe: Recipe): string {
  const hash = createHash('sha256').update(recipe.kind === 'native' ? nativeRuntime : compilerVersion);
  for (const path of [join(here, 'build.ts'), ...sourcesOf(recipe)]) hash.update(relative(here, path)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

/** No imports but WASI's: `abort=` turns a failed check into a trap, and the runtime `stub` never frees. */
async function compileWasm({ name }: Recipe, file: string) {
  const { main } = await import('assemblyscript/asc');
  let said = '';
  const entry = `${name}/assembly/index.ts`;
  const { error } = await main(
    [entry, '--outFile', 'out.wasm', '--runtime', 'stub', '--use', 'abort=', '-O3', '--converge', '--baseDir', here],
    {
      writeFile: (path, contents) => {
        if (path === 'out.wasm') writeFileSync(file, contents);
      },
      stderr: { write: (text) => void (said += String(text)) },
    },
  );
  if (error !== null) throw new Error(`The example ${name} does not compile: ${error.message}\n${said}`);
}

function compileNative({ name }: Recipe, file: string) {
  const { status, stderr } = spawnSync('cc', ['-O2', '-static', '-Wall', '-Wextra', '-s', '-o', file, join(here, name, 'main.c')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The example ${name} does not compile:\n${stderr}`);
}

if (import.meta.main) await buildExamples({ outDirectory: join(here, 'dist'), log: (line) => console.error(line) });
