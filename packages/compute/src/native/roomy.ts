import { access } from 'node:fs/promises';
import type { NativeRequest } from './limits.ts';

/**
 * What guests of the roomy runner see of the host, read-only: the programs and libraries that its distribution installed, and
 * nothing that a person put there.
 */
const shown = ['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives'];

type Interpreter = { path: string; flags: readonly string[]; missing: string };

const interpreters = {
  // Isolated (no user's packages, no variables), and no attempt to write compiled modules.
  python: {
    path: '/usr/bin/python3',
    flags: ['-I', '-B'],
    missing: 'This node has no Python (/usr/bin/python3). Its owner can install it (Debian: apt install python3).',
  },
  sh: { path: '/bin/sh', flags: [], missing: 'This node has no shell (/bin/sh).' },
} as const satisfies Record<string, Interpreter>;

export type InterpreterName = keyof typeof interpreters;
const names = Object.keys(interpreters) as InterpreterName[];

export const roomyOptions = { show: shown, interpreters: names.map((name) => interpreters[name].path) };

/** Why scripts of an interpreter do not run on this machine, where they do not. */
export async function missingInterpreters(): Promise<Partial<Record<InterpreterName, string>>> {
  const missing: Partial<Record<InterpreterName, string>> = {};
  for (const name of names) await access(interpreters[name].path).catch(() => (missing[name] = interpreters[name].missing));
  return missing;
}

/** How the runner is asked for a script. */
export function scriptRequest(
  name: InterpreterName,
  { program, args }: { program: string; args: readonly string[] },
): Pick<NativeRequest, 'interpreter' | 'argv'> {
  const { path, flags } = interpreters[name];
  return { interpreter: names.indexOf(name) + 1, argv: [path, ...flags, `/programs/${program}`, ...args] };
}
