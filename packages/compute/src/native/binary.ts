import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Log } from './log.ts';

const run = promisify(execFile);

/** Where the C source of the sandbox lives, and beside it the binaries for machines without a compiler. */
export const sourceDirectory = fileURLToPath(new URL('../../runner/', import.meta.url));

/** The guest with which the sandbox proves itself. It is built without libc: its first instruction is an attempt to escape. */
const probeSource = 'probe.c';
const compilerFlags = ['-O2', '-Wall', '-Werror', '-fstack-protector-strong'];
const probeFlags = ['-O2', '-Wall', '-Werror', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-builtin'];

/** `prebuilt/manifest.json`: for which source the committed binaries were made, and their hashes. */
export type PrebuiltManifest = { sourceSha256: string; binaries: Record<string, { sha256: string }> };

/** Paths of the two programs, or one sentence that says why there are none and what to do. */
export type PreparedRunner = { path: string; probe: string } | { unavailable: string };

/** The hash of everything the binaries are made of, in an order no file system decides. */
export async function sourceHash(directory = sourceDirectory): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await sourceFiles(directory, /\.[ch]$/)) hash.update(`${name}\0`).update(await readFile(join(directory, name)));
  return hash.digest('hex');
}

/** Compiles `runner` and `probe` into `target`. Throws what the compiler said. */
export async function compile(options: { compiler: string; target: string; flags?: string[] }): Promise<void> {
  const { compiler, target, flags = ['-static'] } = options;
  const sources = (await sourceFiles(sourceDirectory, /\.c$/)).filter((name) => name !== probeSource);
  const at = (name: string) => join(sourceDirectory, name);
  await run(compiler, [...compilerFlags, ...flags, '-o', join(target, 'runner'), ...sources.map(at)]);
  await run(compiler, [...probeFlags, '-o', join(target, 'probe'), at(probeSource)]);
}

export type PrepareOptions = {
  cacheDirectory: string;
  log: Log;
  /** Name or path of the C compiler; `cc` unless told otherwise. */
  compiler?: string;
  prebuiltDirectory?: string;
};

/**
 * Makes the sandbox's binaries present: from the cache, else compiled on this machine, else the prebuilt ones if they were made
 * from exactly this source. The cache is addressed by the source, so an update builds anew and a running node is not disturbed.
 */
export async function prepareRunner(options: PrepareOptions): Promise<PreparedRunner> {
  const { cacheDirectory, log, compiler = 'cc', prebuiltDirectory = join(sourceDirectory, 'prebuilt') } = options;
  const system = `${platform()}-${arch()}`;
  if (platform() !== 'linux') {
    return {
      unavailable:
        'Functions need the sandbox, which is made of Linux. Run Freehold on a Linux machine (a virtual machine will do); the desktop and the files work here.',
    };
  }
  if (arch() !== 'x64' && arch() !== 'arm64') {
    return {
      unavailable: `The sandbox of functions runs on x64 and arm64; this machine is ${arch()}. The desktop and the files work here.`,
    };
  }

  const source = await sourceHash();
  const directory = join(cacheDirectory, `runner-${system}-${source.slice(0, 16)}`);
  const prepared = { path: join(directory, 'runner'), probe: join(directory, 'probe') };
  if (await exists(prepared.probe)) return prepared;

  await mkdir(cacheDirectory, { recursive: true });
  const building = await mkdtemp(join(cacheDirectory, 'building-'));
  try {
    await chmod(building, 0o755); // guests run as another user
    const compiled = await tryToCompile(compiler, building);
    if (compiled !== undefined) {
      const copied = await copyPrebuilt(prebuiltDirectory, system, source, building);
      if (copied !== undefined) {
        return {
          unavailable: `The native sandbox has to be compiled once and cannot be: ${compiled}; ${copied}. Install a C compiler (Debian, Ubuntu: apt install gcc libc6-dev; Alpine: apk add gcc musl-dev) and start Freehold again.`,
        };
      }
    }
    log('compute.native.built', { from: compiled === undefined ? 'source' : 'prebuilt', source });
    await rename(building, directory);
    return prepared;
  } catch (error) {
    // Two nodes that share a cache may build at the same time; both results are the same.
    if (await exists(prepared.probe)) return prepared;
    throw error;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Undefined on success, else why not. Where the C library has no static form, a dynamic runner is as safe: only guests must be static. */
async function tryToCompile(compiler: string, target: string): Promise<string | undefined> {
  let reason = '';
  for (const flags of [['-static'], []]) {
    try {
      await compile({ compiler, target, flags });
      return undefined;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return `there is no C compiler (${compiler})`;
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      reason = `the C compiler failed (${said.split('\n').find((line) => /error|cannot/i.test(line)) ?? said.slice(0, 200)})`;
    }
  }
  return reason;
}

/** Undefined on success, else why not. A binary made from other source is not used: what was reviewed must be what runs. */
async function copyPrebuilt(prebuilt: string, system: string, source: string, target: string): Promise<string | undefined> {
  let manifest: PrebuiltManifest;
  try {
    manifest = JSON.parse(await readFile(join(prebuilt, 'manifest.json'), 'utf8'));
  } catch {
    return 'no prebuilt binaries came with this copy of Freehold';
  }
  if (manifest.sourceSha256 !== source) return 'the prebuilt binaries belong to another version of the source';
  for (const name of ['runner', 'probe']) {
    const file = join(prebuilt, system, name);
    const expected = manifest.binaries[`${system}/${name}`]?.sha256;
    if (expected === undefined || !(await exists(file))) return `there is no prebuilt binary for ${system}`;
    if (
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex') !== expected
    )
      return `the prebuilt ${name} for ${system} was altered`;
    await copyFile(file, join(target, name));
    await chmod(join(target, name), 0o755);
  }
  return undefined;
}

async function sourceFiles(directory: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(directory)).filter((name) => pattern.test(name)).sort();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
