import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchLocked } from '../../host/process.ts';
import { prepareRunner } from '../../native/index.ts';
import { openComponentPool, type WasmCommand, type WasmResult } from '../../wasm/index.ts';
import { testLimits } from './open-test-pool.ts';

export type TestComponents = {
  /** Runs a component with the words as its arguments. */
  run(bytes: Uint8Array, words?: string[], more?: Partial<WasmCommand>): Promise<WasmResult>;
  /** Where what components were made into is kept. */
  directory: string;
  close(): Promise<void>;
};

/** The real pool of components under the real sandbox. */
export async function openTestComponents({
  size = 2,
  directory: given,
}: { size?: number; directory?: string } = {}): Promise<TestComponents> {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'freehold-components-'));
  const log = () => undefined;
  const runner = await prepareRunner({ cacheDirectory, log });
  if ('unavailable' in runner) throw new Error(runner.unavailable);
  const directory = given ?? join(cacheDirectory, 'components');
  const pool = openComponentPool({ launch: launchLocked(runner), directory, size, log });
  const ids = new Map<Uint8Array, string>();
  return {
    run(bytes, words = [], more) {
      const id = ids.get(bytes) ?? `component-${ids.size}`;
      ids.set(bytes, id);
      const program = { id, read: () => bytes };
      return pool.run({ kind: 'command', program, args: ['guest', ...words], env: {}, limits: testLimits, ...more });
    },
    directory,
    async close() {
      await pool.stop();
      await rm(cacheDirectory, { recursive: true });
    },
  };
}
