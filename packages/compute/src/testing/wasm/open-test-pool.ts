import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareRunner } from '../../native/index.ts';
import { openWasmPool, type WasmJob, type WasmLimits, type WasmPool, type WasmResult } from '../../wasm/index.ts';

export const testLimits: WasmLimits = { wallMs: 10_000, cpuMs: 5000, memoryBytes: 64 << 20, outputBytes: 1 << 20, scratchBytes: 4 << 20 };

export type TestPool = {
  pool: WasmPool;
  /** Runs a WASI command with the words as its arguments. */
  command(bytes: Uint8Array, words: string[], more?: Partial<Extract<WasmJob, { kind: 'command' }>>): Promise<WasmResult>;
  call(bytes: Uint8Array, name: string, args?: string[], limits?: Partial<WasmLimits>): Promise<WasmResult>;
  close(): Promise<void>;
};

/** The real pool under the real sandbox, with the runner built into a temporary folder. */
export async function openTestPool({ size = 2, user }: { size?: number; user?: number | undefined } = {}): Promise<TestPool> {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'freehold-wasm-'));
  // Readable by whoever is to start the host processes.
  await chmod(cacheDirectory, 0o755);
  const log = () => undefined;
  const pool = await openWasmPool({ runner: await prepareRunner({ cacheDirectory, log }), size, log, user });
  const ids = new Map<Uint8Array, string>();
  const program = (bytes: Uint8Array) => {
    const id = ids.get(bytes) ?? `program-${ids.size}`;
    ids.set(bytes, id);
    return { id, read: () => bytes };
  };
  return {
    pool,
    command: (bytes, words, more) =>
      pool.run({ kind: 'command', program: program(bytes), args: ['guest', ...words], env: {}, limits: testLimits, ...more }),
    call: (bytes, name, args = [], limits = {}) =>
      pool.run({ kind: 'call', program: program(bytes), name, args, limits: { ...testLimits, ...limits } }),
    async close() {
      await pool.stop();
      await rm(cacheDirectory, { recursive: true });
    },
  };
}
