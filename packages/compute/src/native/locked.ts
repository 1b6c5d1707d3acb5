import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';

/** What a dynamically linked program needs to start; paths that do not exist on this system are skipped by the launcher. */
const libraries = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/lib', '/lib64', '/etc/ld.so.cache'];

export type LockedOptions = {
  /** The sandbox's binary, from `prepareRunner`. */
  runner: string;
  /** Absolute path of the program to become, such as `process.execPath`. It may be read and executed without being listed. */
  program: string;
  args: readonly string[];
  /** Files and folders it may read besides the system's libraries; nothing else exists or opens. */
  read: readonly string[];
  /** The whole environment: nothing is inherited. */
  env?: Readonly<Record<string, string>>;
  /** For descriptors 0 to 3; further ones are closed. */
  stdio: StdioOptions;
  /** Tests only: pretend to be a machine without these. */
  without?: readonly ('namespaces' | 'landlock')[];
  /** Tests only: started by this user instead of one's own. */
  user?: number | undefined;
};

/**
 * Starts a long-lived program (a WebAssembly host) that can read what is listed, compute and use its descriptors, and nothing else:
 * no writing, no sockets, no other processes, and it ends with the node. Where this machine cannot confine it, the process writes
 * `REFUSED: why` to its standard error and exits with 78; the program is then never started.
 */
export function spawnLocked(options: LockedOptions): ChildProcess {
  const args = ['--lock'];
  for (const tier of options.without ?? []) args.push(`--no-${tier}`);
  for (const path of [...libraries, ...options.read]) args.push('--read', path);
  // Node reads OpenSSL's configuration at start and stops when it may not.
  return spawn(options.runner, [...args, '--', options.program, ...options.args], {
    env: { OPENSSL_CONF: '/dev/null', ...options.env },
    stdio: options.stdio,
    ...(options.user !== undefined && { uid: options.user, gid: options.user }),
  });
}

/** Exit code of a launcher that found no way to confine the program. */
export const refusedExitCode = 78;
