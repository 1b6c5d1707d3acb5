import { defaultLimits } from '@freehold/protocol';
import type { Engine, Run, RunOptions, RunResult } from '../engine.ts';
import { openGuardedFetch, openJavaScriptPool, type JavaScriptJob, type Service } from '../javascript/index.ts';
import type { PreparedRunner } from '../native/index.ts';
import type { Log } from '../native/log.ts';
import { fixedTime } from '../fixed-time.ts';
import { refusedEngine } from './refused.ts';

const nothing = Buffer.alloc(0);

/** What a module may use while it is only compiled. */
const checking = { ...defaultLimits, memoryBytes: 256 * 1024 * 1024 };

export type JavaScriptEngine = Engine & {
  /** Why a program is no module that can be run, as a sentence; null when it is one. Nothing of it runs. */
  refusalOf(program: string, bytes: Uint8Array, kind?: JavaScriptJob['kind']): Promise<string | null>;
  /** Runs a Puter worker: a module that finds `router`, `me` and `user`, which the services do. */
  runWorker(
    run: Pick<Run, 'program' | 'args' | 'env' | 'limits'> & {
      read: () => Promise<Uint8Array>;
      services: Readonly<Record<string, Service>>;
    },
    ...rest: [stdin: Buffer | AsyncIterable<Uint8Array>, options: RunOptions]
  ): Promise<RunResult>;
};

/** JavaScript modules in sandboxed host processes; refused with the reason where they cannot be confined. */
export async function openJavaScriptEngine({
  runner,
  size,
  log,
  read,
  ownTargets,
}: {
  runner: PreparedRunner;
  size: number;
  log: Log;
  /** The bytes of a program by CID. */
  read: (cid: string) => Promise<Uint8Array>;
  /** The `host:port` of private networks that programs may connect to, by the will of the node's owner. */
  ownTargets: readonly string[];
}): Promise<JavaScriptEngine> {
  const pool = await openJavaScriptPool({ runner, size, log }).catch((error: unknown) => refusedEngine(error));
  if ('state' in pool)
    return {
      ...pool,
      refusalOf: async () => null,
      runWorker: (run, ...rest) => pool.run({ ...run, kind: 'javascript', entry: null, seed: undefined }, ...rest),
    };
  return {
    state: { available: true, tier: 'process', checks: pool.proof.checks.map(({ name, passed }) => ({ name, passed })) },
    run: async (run, stdin, options) => {
      const result = await pool.run(jobOf(run), stdin, options);
      return { ...result, ...(options.onStdout && { stdout: nothing }), ...(options.onStderr && { stderr: nothing }) };
    },
    async refusalOf(program, bytes, kind = 'program') {
      const job = { ...jobOf({ program, args: [], env: {}, limits: checking }), read: async () => bytes, kind, checkOnly: true };
      const { reason, message } = await pool.run(job, nothing);
      return reason === 'exit' ? null : (message ?? `It could not be compiled (${reason}).`);
    },
    runWorker: ({ services, read, ...run }, stdin, options) => pool.run({ ...jobOf(run), read, kind: 'worker', services }, stdin, options),
    stop: () => pool.stop(),
  };

  function jobOf({
    program,
    args,
    env,
    limits,
    seed,
    network,
  }: Pick<Run, 'program' | 'args' | 'env' | 'limits'> & Partial<Run>): JavaScriptJob {
    return {
      program,
      read: () => read(program),
      kind: 'program',
      args,
      env,
      limits,
      ...(seed && { seed, fixedTime }),
      services: network ? { fetch: openGuardedFetch({ targets: network, ownTargets }) } : {},
    };
  }
}
