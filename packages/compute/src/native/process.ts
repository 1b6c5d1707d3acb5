import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { ComputeError } from '../error.ts';
import { refusedExitCode } from './locked.ts';
import type { Log } from './log.ts';

/** How guests are confined here: own namespaces (strongest), or the kernel's Landlock rules alone (as in a default container). */
export type NativeTier = 'namespaces' | 'landlock';

export type RunnerProcess = { child: ChildProcess; tier: NativeTier; landlock: number; line: Duplex };

export type RunnerOptions = {
  /** From `prepareRunner`. */
  binary: string;
  /** Holds the executables, named as in `NativeRequest.program`. */
  programsDirectory: string;
  /** How many programs may run at once, 1 to 64. */
  slots: number;
  log: Log;
  /** Guests also see these paths of the host, may be dynamic executables or scripts for these interpreters, and may be allowed processes. */
  roomy?: { show: readonly string[]; interpreters: readonly string[] };
  /** Of the roomy runner: what none of its guests will be permitted, so that with `explain` the attempt is told. */
  never?: readonly ('processes' | 'connections')[];
  /** Refused system calls are told to `onRefused` of a run. Then there is one slot. */
  explain?: boolean;
  /** Tests only: pretend to be a machine without these. */
  without?: readonly ('namespaces' | 'landlock')[];
  /** Tests only: the user and group that starts it, which must be allowed to become that. */
  user?: number;
};

/** The descriptor of the socketpair between the node and the runner. */
const lineDescriptor = 3;

/**
 * Starts the runner and waits for its greeting. Errors: `sandbox_unavailable` when this machine offers no way to confine a program,
 * `runner_lost` when it ended for another reason.
 */
export async function startRunner({
  binary,
  programsDirectory,
  slots,
  log,
  roomy,
  explain = false,
  never = [],
  without = [],
  user,
}: RunnerOptions): Promise<RunnerProcess> {
  const args = [
    '--serve',
    `--slots=${slots}`,
    `--programs=${programsDirectory}`,
    ...roomyArgs(roomy),
    ...(explain ? ['--explain'] : []),
    ...never.map((permission) => `--no-${permission}`),
    ...without.map((tier) => `--no-${tier}`),
  ];
  const child = spawn(binary, args, {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...(user !== undefined && { uid: user, gid: user }),
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
    log('compute.native.runner_said', { text: text.trim() });
  });

  const greeting = await Promise.race([
    child.stdout ? once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text)) : undefined,
    once(child, 'close').then(() => undefined),
  ]);
  if (greeting === undefined) {
    if (child.exitCode === refusedExitCode) {
      throw new ComputeError(
        'sandbox_unavailable',
        503,
        `This machine cannot confine native programs (${said.replace(/^REFUSED: /, '').trim()}).`,
      );
    }
    throw new ComputeError(
      'runner_lost',
      503,
      `The sandbox's runner did not start: ${said.trim() || `it ended with ${child.exitCode ?? child.signalCode}`}.`,
    );
  }
  const { tier, landlock, why } = readGreeting(greeting);
  if (tier === 'landlock') log('compute.native.no_namespaces', { why });
  const line = child.stdio[lineDescriptor];
  if (!(line instanceof Duplex)) throw new Error('A pipe to a child process goes both ways on every system.');
  return { child, tier, landlock, line };
}

const roomyArgs = (roomy: RunnerOptions['roomy']) =>
  roomy ? ['--roomy', ...roomy.show.map((path) => `--show=${path}`), ...roomy.interpreters.map((path) => `--interpreter=${path}`)] : [];

function readGreeting(line: string): { tier: NativeTier; landlock: number; why: string } {
  const { tier, landlock, why } = JSON.parse(line) as Record<string, unknown>;
  return { tier: tier === 'namespaces' ? 'namespaces' : 'landlock', landlock: Number(landlock), why: String(why) };
}
