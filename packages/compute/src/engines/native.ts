import { mkdir } from 'node:fs/promises';
import type { Engine, Run, RunResult } from '../engine.ts';
import {
  missingInterpreters,
  openNativeSandbox,
  openNetwork,
  scriptRequest,
  type NativeRequest,
  type NativeRunner,
} from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { ComputeError } from '../error.ts';
import { refusedEngine } from './refused.ts';

const errorBytes = 64 * 1024;

/** Linux executables and scripts in the native sandbox; refused with the reason where it cannot be had. */
export async function openNativeEngine({
  cacheDirectory,
  programsDirectory,
  slots,
  log,
  ownTargets,
  explain = false,
  never = [],
}: {
  cacheDirectory: string;
  programsDirectory: string;
  slots: number;
  log: Log;
  /** The `host:port` of private networks that programs may connect to, by the will of the node's owner. */
  ownTargets: readonly string[];
  /** Tells of refused system calls; one program at a time. */
  explain?: boolean;
  /** What no program of this engine will be permitted; then attempts at it are told, too. */
  never?: readonly ('processes' | 'connections')[];
}): Promise<Engine> {
  await mkdir(programsDirectory, { recursive: true, mode: 0o711 });
  const sandbox = await openNativeSandbox({ cacheDirectory, programsDirectory, slots, log, explain, never });
  if (!sandbox.available) {
    const { reason, advice } = sandbox;
    return refusedEngine(new ComputeError('sandbox_unavailable', 503, `${reason} ${advice}`, { details: { reason, advice } }));
  }
  const { runner, tier, checks, roomy } = sandbox;
  const none = roomy.available ? undefined : roomy.reason;
  const missing =
    none === undefined ? await missingInterpreters() : { libraries: none, processes: none, network: none, python: none, sh: none };
  const network = await openNetwork({ programsDirectory, ownTargets, log });

  /** Which runner a program needs, and how it is asked for it. */
  function arrange({ kind, program, args, interpreter, fork = false, network: targets }: Run): {
    by: NativeRunner;
    request: Pick<NativeRequest, 'argv' | 'interpreter' | 'processes' | 'connects'>;
  } {
    const connects = targets !== undefined;
    if (kind === 'native' && !fork && !connects) return { by: runner, request: { argv: ['function', ...args] } };
    if (!roomy.available) throw new ComputeError('sandbox_unavailable', 503, roomy.reason);
    const processes = fork;
    if (kind !== 'script') return { by: roomy.runner, request: { argv: ['function', ...args], processes, connects } };
    if (!interpreter) throw new ComputeError('program_refused', 422, 'Nothing says which interpreter this script is for.');
    return { by: roomy.runner, request: { ...scriptRequest(interpreter, { program, args }), processes, connects } };
  }

  return {
    state: {
      available: true,
      tier,
      checks: checks.map(({ name, passed }) => ({ name, passed })),
      walls: wallsOf(runner),
      missing,
    },
    async run(run, stdin, options): Promise<RunResult> {
      const { memoryBytes, cpuMs, wallMs, outputBytes } = run.limits;
      const { by, request } = arrange(run);
      const limits = { memoryBytes, cpuMs, wallMs, outputBytes, errorBytes: run.errorBytes ?? errorBytes };
      const grant = run.network && (await network.grant(run.network));
      try {
        const env = grant ? { ...run.env, FREEHOLD_NETWORK: grant.directory } : run.env;
        const result = await by.run({ program: run.program, ...request, env, limits }, { ...options, stdin });
        return { ...result, exitCode: result.reason === 'exit' ? result.exitCode : null };
      } finally {
        await grant?.close();
      }
    },
    async stop() {
      await sandbox.stop();
      await network.stop();
    },
  };
}

/** For `doctor`. */
const wallsOf = ({ tier, landlock }: NativeRunner): string =>
  [
    tier === 'namespaces' ? 'namespaces for user, mounts, processes, network, ipc and host name' : 'no namespaces',
    landlock > 0 ? `Landlock version ${landlock}` : 'no Landlock',
    'a filter of system calls, resource limits, a watchdog for memory and time',
  ].join('; ');
