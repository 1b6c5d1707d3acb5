import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { openTestPool, testLimits, type TestPool } from '../../testing/wasm/open-test-pool.ts';
import type { MountEntry, WasmMounts } from '../mount.ts';

/**
 * The suite of the WebAssembly community (github.com/WebAssembly/wasi-testsuite, branch prod/testsuite-base) as an outside judge. It
 * is 250 MB and others' work, so it is not here: fetch it, and say where it is in WASI_TESTSUITE.
 */
const directory = process.env['WASI_TESTSUITE'];
const skip = directory === undefined ? 'WASI_TESTSUITE does not name a checkout of wasi-testsuite (branch prod/testsuite-base)' : false;
const suites = ['assemblyscript', 'c', 'rust'].map((language) => join('tests', language, 'testsuite', 'wasm32-wasip1'));

let tested: TestPool;
before(async () => {
  tested = await openTestPool({ size: 1 });
});
after(() => tested.close());

type Manifest = { root?: string; args?: string[]; env?: Record<string, string>; exit_code?: number; stdout?: string };

for (const suite of suites) {
  test(`the programs of ${suite} end as their authors expect`, { skip }, async () => {
    const folder = join(directory ?? '', suite);
    const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
    assert.ok(names.length > 0, `no programs in ${folder}`);
    const failed: string[] = [];
    for (const name of names) {
      const expected = manifestOf(join(folder, name.replace(/\.wasm$/, '.json')));
      const result = await tested.command(readFileSync(join(folder, name)), expected.args ?? [], {
        limits: { ...testLimits, scratchBytes: 64 << 20 },
        env: expected.env ?? {},
        ...(expected.root === undefined ? {} : { mounts: mountsOf(join(folder, expected.root)) }),
      });
      const isRight =
        result.reason === 'exit' &&
        result.exitCode === (expected.exit_code ?? 0) &&
        (expected.stdout === undefined || result.stdout.toString() === expected.stdout);
      if (!isRight)
        failed.push(`${name}: ${result.reason} ${result.exitCode} ${result.trap ?? ''} ${result.stderr.toString().slice(-300)}`);
    }
    assert.deepEqual(failed, [], `${names.length - failed.length} of ${names.length}`);
  });
}

function manifestOf(path: string): Manifest {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

/** A folder of the disk as a mount at "/", by which the engine is tried in the way that the drive uses it. */
function mountsOf(root: string): WasmMounts {
  const entries: MountEntry[] = [];
  const walk = (path: string) => {
    for (const name of readdirSync(join(root, path))) {
      const inside = path === '' ? name : `${path}/${name}`;
      const found = statSync(join(root, inside));
      const { size, mtimeMs: modifiedMs } = found;
      const isFolder = found.isDirectory();
      entries.push(
        isFolder ? { path: inside, type: 'folder', modifiedMs } : { path: inside, type: 'file', size, content: inside, modifiedMs },
      );
      if (isFolder) walk(inside);
    }
  };
  walk('');
  return {
    folders: [{ path: '/', writable: true, entries }],
    read: async (content, offset, length) => readFileSync(join(root, content)).subarray(offset, offset + length),
  };
}
