import { mkdir } from 'node:fs/promises';
import type { Engine, RunResult } from '../engine.ts';
import { openNativeSandbox } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { ComputeError } from '../error.ts';
import { refusedEngine } from './refused.ts';

const errorBytes = 64 * 1024;

/** Static Linux executables in the native sandbox; refused with the reason where it cannot be had. */
export async function openNativeEngine({
  cacheDirectory,
  programsDirectory,
  slots,
  log,
}: {
  cacheDirectory: string;
  programsDirectory: string;
  slots: number;
  log: Log;
}): Promise<Engine> {
  await mkdir(programsDirectory, { recursive: true, mode: 0o711 });
  const sandbox = await openNativeSandbox({ cacheDirectory, programsDirectory, slots, log });
  if (!sandbox.available) {
    const { reason, advice } = sandbox;
    return refusedEngine(new ComputeError('sandbox_unavailable', 503, `${reason} ${advice}`, { details: { reason, advice } }));
  }
  const { runner, tier, checks } = sandbox;
  return {
    state: { available: true, tier, checks: checks.map(({ name, passed }) => ({ name, passed })) },
    async run({ program, args, env, limits }, stdin, options): Promise<RunResult> {
      const { memoryBytes, cpuMs, wallMs, outputBytes } = limits;
      const result = await runner.run(
        { program, argv: ['function', ...args], env, limits: { memoryBytes, cpuMs, wallMs, outputBytes, errorBytes } },
        { ...options, stdin },
      );
      return { ...result, exitCode: result.reason === 'exit' ? result.exitCode : null };
    },
    stop: () => runner.stop(),
  };
}
