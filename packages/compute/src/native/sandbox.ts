import { ComputeError } from '../error.ts';
import { prepareRunner } from './binary.ts';
import type { Log } from './log.ts';
import type { NativeTier, RunnerOptions } from './process.ts';
import { roomyOptions } from './roomy.ts';
import { openNativeRunner } from './runner.ts';
import type { NativeRunner } from './runner.ts';
import { proveSandbox } from './self-test.ts';
import type { SandboxCheck } from './self-test.ts';

/** A sandbox that has proved itself, or the reason why native programs are off and what to do about it. */
export type NativeSandbox =
  | { available: true; tier: NativeTier; checks: SandboxCheck[]; runner: NativeRunner; roomy: RoomySandbox; stop: () => Promise<void> }
  | { available: false; reason: string; advice: string };

/** The same for programs that need the system's libraries, an interpreter or processes of their own, or why there is none here. */
export type RoomySandbox = { available: true; runner: NativeRunner } | { available: false; reason: string };

export type NativeSandboxOptions = {
  /** Where the compiled runner is kept. */
  cacheDirectory: string;
  programsDirectory: string;
  slots: number;
  log: Log;
  /** See `RunnerOptions`. */
  explain?: boolean;
  never?: NonNullable<RunnerOptions['never']>;
  /** Tests only: pretend to be a machine without these. */
  without?: readonly ('namespaces' | 'landlock')[];
};

const refusedAdvice =
  'Native programs need Linux 5.13 or newer with unprivileged user namespaces or Landlock. In Docker, add "security_opt: [seccomp=unconfined]" to the service.';

/** Builds, starts and tests the sandbox. Never throws for what the machine lacks, and nothing ever runs unconfined. */
export async function openNativeSandbox(options: NativeSandboxOptions): Promise<NativeSandbox> {
  const { cacheDirectory, programsDirectory, slots, log, explain = false, without = [] } = options;
  const prepared = await prepareRunner({ cacheDirectory, log });
  if ('unavailable' in prepared) return { available: false, reason: 'Native programs are off.', advice: prepared.unavailable };

  let runner: NativeRunner;
  try {
    runner = await openNativeRunner({ binary: prepared.path, programsDirectory, slots, log, explain, without });
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error), advice: refusedAdvice };
  }
  try {
    const proof = await proveSandbox({ runner, probe: prepared.probe, programsDirectory });
    log('compute.native.proved', { available: proof.available, tier: runner.tier, checks: proof.checks.length });
    if (proof.available) {
      const roomy = await openRoomy({ options, binary: prepared.path, probe: prepared.probe });
      const stop = async () => void (await Promise.all([runner.stop(), roomy.available ? roomy.runner.stop() : undefined]));
      return { ...proof, runner, roomy, stop };
    }
    await runner.stop();
    return { available: false, reason: proof.reason, advice: proof.advice };
  } catch (error) {
    await runner.stop();
    throw error;
  }
}

async function openRoomy({
  options: { programsDirectory, slots, log, explain = false, never = [], without = [] },
  binary,
  probe,
}: {
  options: NativeSandboxOptions;
  binary: string;
  probe: string;
}): Promise<RoomySandbox> {
  let runner: NativeRunner;
  try {
    runner = await openNativeRunner({ binary, programsDirectory, slots, log, explain, never, without, roomy: roomyOptions });
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'sandbox_unavailable') return { available: false, reason: error.message };
    throw error;
  }
  const proof = await proveSandbox({ runner, probe, programsDirectory, roomy: true });
  if (proof.available) return { available: true, runner };
  await runner.stop();
  return { available: false, reason: proof.reason };
}
