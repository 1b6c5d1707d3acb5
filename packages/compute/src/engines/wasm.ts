import type { Engine, Run, RunOptions, RunResult } from '../engine.ts';
import type { PreparedRunner } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { fixedTime } from '../fixed-time.ts';
import { openWasmPool, type WasmJob, type WasmResult } from '../wasm/index.ts';
import { refusedEngine } from './refused.ts';

const nothing = Buffer.alloc(0);

/** The most that the scratch folder of a WASI program may hold, in bytes: it lives in the memory of the host process. */
const largestScratch = 64 * 1024 * 1024;

/** WebAssembly programs in sandboxed host processes; refused with the reason where they cannot be confined. */
export async function openWasmEngine({
  runner,
  size,
  log,
  read,
}: {
  runner: PreparedRunner;
  size: number;
  log: Log;
  /** The bytes of a program by CID. */
  read: (cid: string) => Promise<Uint8Array>;
}): Promise<Engine> {
  const pool = await openWasmPool({ runner, size, log }).catch((error: unknown) => refusedEngine(error));
  if ('state' in pool) return pool;
  return {
    state: { available: true, tier: 'process', checks: pool.proof.checks.map(({ name, passed }) => ({ name, passed })) },
    async run(run, stdin, { signal, onStdout, onStderr }) {
      const input = stdin instanceof Uint8Array ? stdin : Buffer.concat(await Array.fromAsync(stdin));
      const result = toRunResult(await pool.run(jobOf(run, input, read, onStdout), signal && { signal }));
      if (onStdout) await onStdout(result.stdout);
      if (onStderr) await onStderr(result.stderr);
      return onStdout || onStderr ? { ...result, ...(onStdout && { stdout: nothing }), ...(onStderr && { stderr: nothing }) } : result;
    },
    stop: () => pool.stop(),
  };
}

function jobOf(
  { kind, program, bytes, entry, args, env, limits, seed, mounts }: Run,
  stdin: Buffer,
  read: (cid: string) => Promise<Uint8Array>,
  onStdout: RunOptions['onStdout'],
): WasmJob {
  const common = {
    program: { id: program, read: () => bytes ?? read(program) },
    limits: {
      wallMs: limits.wallMs,
      cpuMs: limits.cpuMs,
      memoryBytes: limits.memoryBytes,
      outputBytes: limits.outputBytes,
      scratchBytes: Math.min(limits.memoryBytes, largestScratch),
      ...(limits.fuel === undefined ? {} : { fuel: limits.fuel }),
    },
    ...(seed && { seed, fixedTime }),
  };
  if (kind === 'core' || kind === 'reactor') return { ...common, kind: 'call', name: entry ?? '', args };
  return { ...common, kind: 'command', args: ['function', ...args], env, stdin, ...(mounts && { mounts }), ...(onStdout && { onStdout }) };
}

/** What a call returned is its output: numbers as one line, text and bytes as they are. */
function toRunResult({ trap, results, stdout, ...result }: WasmResult): RunResult {
  return { ...result, message: trap ?? null, stdout: results ? Buffer.from(`${results.join(' ')}\n`) : stdout };
}
