import { join } from 'node:path';
import type { Engine, Run, RunOptions, RunResult } from '../engine.ts';
import type { PreparedRunner } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { fixedTime } from '../fixed-time.ts';
import { launchLocked } from '../host/process.ts';
import { openComponentPool, openWasmPool, type WasmCommand, type WasmJob, type WasmResult } from '../wasm/index.ts';
import { ComputeError } from '../error.ts';
import { refusedEngine } from './refused.ts';

const nothing = Buffer.alloc(0);

/** The most that the scratch folder of a WASI program may hold, in bytes: it lives in the memory of the host process. */
const largestScratch = 64 * 1024 * 1024;

/** WebAssembly programs in sandboxed host processes; refused with the reason where they cannot be confined. */
export async function openWasmEngine({
  runner,
  cacheDirectory,
  size,
  log,
  read,
}: {
  runner: PreparedRunner;
  /** Where what components were made into is kept. */
  cacheDirectory: string;
  size: number;
  log: Log;
  /** The bytes of a program by CID. */
  read: (cid: string) => Promise<Uint8Array>;
}): Promise<Engine> {
  if ('unavailable' in runner) return refusedEngine(new ComputeError('sandbox_unavailable', 503, runner.unavailable));
  const pool = await openWasmPool({ runner, size, log }).catch((error: unknown) => refusedEngine(error));
  if ('state' in pool) return pool;
  const components = openComponentPool({ launch: launchLocked(runner), directory: join(cacheDirectory, 'components'), size, log });
  return {
    state: { available: true, tier: 'process', checks: pool.proof.checks.map(({ name, passed }) => ({ name, passed })) },
    async run(run, stdin, { signal, onStdout, onStderr }) {
      const input = stdin instanceof Uint8Array ? stdin : Buffer.concat(await Array.fromAsync(stdin));
      const options = signal && { signal };
      const result = toRunResult(
        run.kind === 'component'
          ? await components.run(commandOf(run, input, read, onStdout), options)
          : await pool.run(jobOf(run, input, read, onStdout), options),
      );
      if (onStdout) await onStdout(result.stdout);
      if (onStderr) await onStderr(result.stderr);
      return onStdout || onStderr ? { ...result, ...(onStdout && { stdout: nothing }), ...(onStderr && { stderr: nothing }) } : result;
    },
    stop: async () => void (await Promise.all([pool.stop(), components.stop()])),
  };
}

type Read = (cid: string) => Promise<Uint8Array>;

function jobOf(run: Run, stdin: Buffer, read: Read, onStdout: RunOptions['onStdout']): WasmJob {
  const { kind, entry, args } = run;
  if (kind === 'core' || kind === 'reactor') return { ...commonOf(run, read), kind: 'call', name: entry ?? '', args };
  return commandOf(run, stdin, read, onStdout);
}

function commandOf(run: Run, stdin: Buffer, read: Read, onStdout: RunOptions['onStdout']): WasmCommand {
  const { args, env, mounts } = run;
  return {
    ...commonOf(run, read),
    kind: 'command',
    args: ['function', ...args],
    env,
    stdin,
    ...(mounts && { mounts }),
    ...(onStdout && { onStdout }),
  };
}

function commonOf({ program, bytes, limits, seed }: Run, read: Read) {
  return {
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
}

/** What a call returned is its output: numbers as one line, text and bytes as they are. */
function toRunResult({ trap, results, stdout, ...result }: WasmResult): RunResult {
  return { ...result, message: trap ?? null, stdout: results ? Buffer.from(`${results.join(' ')}\n`) : stdout };
}
