import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineState } from './engine.ts';
import { openJavaScriptEngine } from './engines/javascript.ts';
import { openNativeEngine } from './engines/native.ts';
import { openWasmEngine } from './engines/wasm.ts';
import { prepareRunner } from './native/index.ts';
import type { Log } from './native/log.ts';

const noProgram = () => Promise.reject(new Error('A probe runs no programs'));

/** Lets all sandboxes of this machine prove themselves, as a node does when it starts, and closes them again. */
export async function probeSandboxes({ log }: { log: Log }): Promise<{ native: EngineState; wasm: EngineState; javascript: EngineState }> {
  const directory = await mkdtemp(join(tmpdir(), 'freehold-probe-'));
  try {
    const runner = await prepareRunner({ cacheDirectory: join(directory, 'cache'), log });
    const native = await openNativeEngine({
      ownTargets: [],
      programsDirectory: join(directory, 'programs'),
      cacheDirectory: join(directory, 'cache'),
      slots: 4,
      log,
    });
    const wasm = await openWasmEngine({ runner, cacheDirectory: join(directory, 'cache'), size: 1, log, read: noProgram });
    const javascript = await openJavaScriptEngine({ runner, size: 1, log, read: noProgram, ownTargets: [] });
    await Promise.all([native.stop(), wasm.stop(), javascript.stop()]);
    return { native: native.state, wasm: wasm.state, javascript: javascript.state };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
