import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf, rawCodec, type Limits, type Runtime } from '@freehold/protocol';
import { openJavaScriptEngine } from './engines/javascript.ts';
import { openNativeEngine } from './engines/native.ts';
import { openWasmEngine } from './engines/wasm.ts';
import type { ProgramKind, RunOptions, RunResult } from './engine.ts';
import { ComputeError } from './error.ts';
import { isNative, runOf } from './identify.ts';
import { prepareRunner } from './native/index.ts';
import { classify, scriptRefused } from './programs.ts';

export type Trial = {
  /** The bytes of the program. */
  program: Buffer;
  args: string[];
  env: Record<string, string>;
  /** Export to call, of a core module or reactor. */
  entry?: string | undefined;
  fork?: boolean | undefined;
  /** The `host:port` that it may connect to; who tries it out owns this machine, so they may be of a private network. */
  network?: readonly string[] | undefined;
  limits: Limits;
  /** Present: its clock stands and its randomness is drawn from this, as in a deterministic function. */
  seed?: Uint8Array | undefined;
  stdin: Buffer | AsyncIterable<Uint8Array>;
  options: RunOptions;
};
export type TrialResult = { kind: ProgramKind; runtime: Runtime; tier: string; result: RunResult };

/**
 * Runs one program in the sandbox of this machine, as a node would, and leaves nothing behind.
 * Errors: `program_refused`, `sandbox_unavailable` with the reason.
 */
export async function tryOut({
  program: bytes,
  args,
  env,
  entry,
  fork = false,
  network,
  limits,
  seed,
  stdin,
  options,
}: Trial): Promise<TrialResult> {
  const { kind, runtime } = classify(bytes);
  const directory = await mkdtemp(join(tmpdir(), 'freehold-sandbox-'));
  const [programsDirectory, cacheDirectory] = [join(directory, 'programs'), join(directory, 'cache')];
  const log = () => undefined;
  const never = [...(fork ? [] : ['processes' as const]), ...(network ? [] : ['connections' as const])];
  const program = cidOf(rawCodec, createHash('sha256').update(bytes).digest());
  try {
    const runner = await prepareRunner({ cacheDirectory, log });
    const script =
      kind === 'javascript' ? await openJavaScriptEngine({ runner, size: 1, log, read: async () => bytes, ownTargets: [] }) : undefined;
    const engine = isNative(kind)
      ? await openNativeEngine({ cacheDirectory, programsDirectory, slots: 1, log, explain: true, never, ownTargets: network ?? [] })
      : (script ?? (await openWasmEngine({ runner, cacheDirectory, size: 1, log, read: async () => bytes })));
    try {
      const { state } = engine;
      if (!state.available) throw new ComputeError('sandbox_unavailable', 503, `${state.reason} ${state.advice}`);
      const refusal = await script?.refusalOf(program, bytes);
      if (typeof refusal === 'string') throw scriptRefused(refusal);
      if (isNative(kind)) await writeFile(join(programsDirectory, program), bytes, { mode: 0o755 });
      const run = {
        ...runOf({ cid: program, kind, runtime }),
        entry: entry ?? null,
        args,
        env,
        limits,
        fork,
        ...(network && { network }),
        seed,
      };
      return { kind, runtime, tier: state.tier, result: await engine.run(run, stdin, options) };
    } finally {
      await engine.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
