import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineState } from './engine.ts';
import { openNativeEngine } from './engines/native.ts';
import { openWasmEngine } from './engines/wasm.ts';
import { prepareRunner } from './native/index.ts';
import type { Log } from './native/log.ts';

/** Lets both sandboxes of this machine prove themselves, as a node does when it starts, and closes them again. */
export async function probeSandboxes({ log }: { log: Log }): Promise<{ native: EngineState; wasm: EngineState }> {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-probe-'));
  try {
    const runner = await prepareRunner({ cacheDirectory: join(directory, 'cache'), log });
    const native = await openNativeEngine({
      programsDirectory: join(directory, 'programs'),
      cacheDirectory: join(directory, 'cache'),
      slots: 4,
      log,
    });
    const wasm = await openWasmEngine({ runner, size: 1, log, read: () => Promise.reject(new Error('A probe runs no programs')) });
    await Promise.all([native.stop(), wasm.stop()]);
    return { native: native.state, wasm: wasm.state };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
