import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launch } from '../../host/process.ts';
import { openLru } from '../../lru.ts';
import type { WasmProgram } from '../job.ts';
import { jcoVersion } from './jco.ts';
import { ComponentRefused, transpile } from './transpile.ts';

/** Bundles kept in memory and on disk, in bytes; those that were used least lately go first. */
const keptBytes = 32 * 1024 * 1024;
const storedBytes = 512 * 1024 * 1024;
const keptRefusals = 1000;

/**
 * What components were transpiled to, by the hash of each. It is as untrusted as the components themselves: it is only ever
 * sent to a process that runs this one component. One is transpiled at a time.
 */
export function openBundles({ directory, launch }: { directory: string; launch: Launch }) {
  const kept = openLru<Buffer>({ most: keptBytes });
  const refused = openLru<string>({ most: keptRefusals });
  const coming = new Map<string, Promise<Buffer>>();
  let turn: Promise<unknown> = Promise.resolve();

  async function find(program: WasmProgram): Promise<Buffer> {
    const path = join(directory, `${jcoVersion}-${program.id}`);
    const stored = await readFile(path).catch(() => undefined);
    if (stored) {
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return stored;
    }
    const mine = turn.then(async () => transpile(await program.read(), { launch }));
    turn = mine.catch(() => undefined);
    const bundle = await mine;
    await store(path, bundle);
    return bundle;
  }

  /** That it cannot be kept is no reason not to run it. */
  async function store(path: string, bundle: Buffer): Promise<void> {
    const part = join(directory, `.${randomUUID()}`);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(part, bundle, { mode: 0o600 });
      await rename(part, path);
      await tidy();
    } catch {
      await rm(part, { force: true });
    }
  }

  async function tidy(): Promise<void> {
    const names = await readdir(directory);
    const files = await Promise.all(names.map(async (name) => ({ name, ...(await sizeAndTime(join(directory, name))) })));
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= storedBytes) break;
      await rm(join(directory, name), { force: true });
      total -= size;
    }
  }

  return {
    /** Errors: `ComponentRefused`. */
    async get(program: WasmProgram): Promise<Buffer> {
      const { id } = program;
      const known = kept.get(id);
      if (known) return known;
      const refusal = refused.get(id);
      if (refusal !== undefined) throw new ComponentRefused(refusal);
      const expected = coming.get(id) ?? find(program).finally(() => coming.delete(id));
      coming.set(id, expected);
      try {
        const bundle = await expected;
        return kept.set(id, bundle, bundle.length);
      } catch (error) {
        if (error instanceof ComponentRefused) refused.set(id, error.message, 1);
        throw error;
      }
    },
  };
}

async function sizeAndTime(path: string): Promise<{ size: number; usedAt: number }> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
  return { size, usedAt: mtimeMs };
}
