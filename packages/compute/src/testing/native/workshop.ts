import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prepareRunner } from '../../native/binary.ts';

const run = promisify(execFile);

/** The reason to skip tests that compile guests, or false. */
export const withoutCompiler: string | false =
  process.platform !== 'linux'
    ? 'native programs run on Linux only'
    : spawnSync('cc', ['--version']).error === undefined
      ? false
      : 'no C compiler (cc) on this machine';

export type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

/** A temporary folder with the compiled runner and a programs directory into which test guests are compiled. */
export async function openWorkshop() {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-native-'));
  const programs = join(directory, 'programs');
  await mkdir(programs);
  await chmod(directory, 0o755); // for the tests that run as another user
  const prepared = await prepareRunner({ cacheDirectory: join(directory, 'cache'), log: () => {} });
  if ('unavailable' in prepared) throw new Error(prepared.unavailable);

  return {
    directory,
    programs,
    binary: prepared.path,
    probe: prepared.probe,
    /** Compiles a C source of this folder into the programs directory. */
    async compile(source: string, name: string, flags: string[] = ['-static', '-no-pie']) {
      await run('cc', ['-O1', '-Wall', '-pthread', ...flags, '-o', join(programs, name), fileURLToPath(new URL(source, import.meta.url))]);
    },
    async close() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
