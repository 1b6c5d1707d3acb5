import { copyFile, chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeLimits, NativeReason, NativeResult } from './limits.ts';
import type { NativeTier } from './process.ts';
import type { NativeRunner } from './runner.ts';

export type SandboxCheck = { name: string; passed: boolean; detail: string };

/** What the self-test found. `reason` says what was wrong, `advice` what the owner of the machine can do. */
export type SandboxProof =
  | { available: true; tier: NativeTier; checks: SandboxCheck[] }
  | { available: false; reason: string; advice: string; checks: SandboxCheck[] };

/** Every attempt of `runner/probe.c`; one that is not reported counts as an escape. */
const attempts = [
  'read by the first instruction',
  'read host files',
  'write files',
  'open sockets',
  'start processes',
  'execute programs',
  'reach other processes',
  'gain privileges',
  'inherit descriptors',
  'inherit environment',
  'take memory',
];

const program = 'freehold-probe';
const generous: NativeLimits = { memoryBytes: 64 * 1024 * 1024, cpuMs: 2_000, wallMs: 10_000, outputBytes: 64 * 1024, errorBytes: 1024 };

/**
 * Runs a program that tries to get out of the sandbox, in the same way as every guest, and believes only what happened. Where one
 * attempt succeeds, native programs must be refused: there is no weaker mode.
 */
export async function proveSandbox(options: {
  runner: NativeRunner;
  probe: string;
  programsDirectory: string;
  /** The runner is the roomy one. */
  roomy?: boolean;
}): Promise<SandboxProof> {
  const { runner, probe, programsDirectory, roomy = false } = options;
  await install(probe, programsDirectory);
  try {
    const run = (args: string[], limits: Partial<NativeLimits> = {}) =>
      runner.run({ program, argv: [program, ...args], env: {}, limits: { ...generous, ...limits } });

    const works = await run(['hello']);
    if (works.reason !== 'exit' || works.stdout.toString() !== 'hello\n') {
      return {
        available: false,
        reason: `A harmless test program did not run in the sandbox: ${works.message ?? 'its output was lost'}`,
        advice: 'The message above names the cause; WebAssembly functions work without the native sandbox.',
        checks: [{ name: 'run a harmless program', passed: false, detail: works.message ?? '' }],
      };
    }
    const outside = [process.pid, process.ppid, runner.pid ?? process.pid].map(String);
    const [escape, ...stopped] = await Promise.all([
      run(roomy ? ['libraries', ...outside] : outside),
      run(['loop'], { cpuMs: 30 }).then(stoppedBy('stop endless computing', 'cpu')),
      run(['loop'], { wallMs: 30 }).then(stoppedBy('stop at the time limit', 'wall')),
      run(['flood'], { outputBytes: 100_000 }).then(stoppedBy('stop endless output', 'output')),
    ]);
    const checks = [...readAttempts(escape), ...stopped];
    const failed = checks.filter((check) => !check.passed).map((check) => `${check.name} (${check.detail})`);
    if (failed.length === 0) return { available: true, tier: runner.tier, checks };
    return {
      available: false,
      reason: `The sandbox did not hold its own test program here: ${failed.join(', ')}.`,
      advice:
        'Native programs stay off on this machine. Please report this with the kernel version (uname -r); WebAssembly functions work meanwhile.',
      checks,
    };
  } finally {
    await rm(join(programsDirectory, program), { force: true });
  }
}

function readAttempts({ stdout, message }: NativeResult): SandboxCheck[] {
  const lines = stdout.toString().split('\n');
  return attempts.map((name) => {
    const line = lines.find((candidate) => candidate.startsWith(`${name} `));
    const detail = line?.slice(name.length + 1) ?? `not reported${message === null ? '' : `: ${message}`}`;
    return { name, passed: detail.startsWith('blocked '), detail };
  });
}

function stoppedBy(name: string, expected: NativeReason) {
  return ({ reason }: NativeResult): SandboxCheck => ({ name, passed: reason === expected, detail: `ended by ${reason}` });
}

/** Through a new name, so that a program that is being executed is never written to. */
async function install(probe: string, programsDirectory: string): Promise<void> {
  const temporary = join(programsDirectory, `.${program}-${process.pid}`);
  await copyFile(probe, temporary);
  await chmod(temporary, 0o755);
  await rename(temporary, join(programsDirectory, program));
}
