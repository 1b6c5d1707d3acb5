import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';

const patienceMs = 10_000;

export type Child = AsyncDisposable & {
  pid: number;
  /** The JSON with which it said that it is ready. */
  ready: unknown;
  stop: () => Promise<void>;
};

/**
 * Starts a program in its own process, so that what is measured does not share a thread with what measures, and waits until it
 * has written one JSON value. Its standard error goes to a file, as that of a service does.
 */
export async function startChild({
  script,
  args = [],
  errors,
  environment = {},
  signal,
}: {
  script: string;
  args?: readonly string[];
  /** File for its standard error. */
  errors: string;
  environment?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): Promise<Child> {
  const log = openSync(errors, 'a');
  // A setting of the person who runs this must not change what is measured.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FREEHOLD_')));
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    stdio: ['ignore', 'pipe', log],
    env: { ...inherited, ...environment },
    signal,
    killSignal: 'SIGTERM',
  });
  closeSync(log);
  // An abort is told as an error before the process has ended: only its end is waited for.
  child.on('error', () => {});
  const { promise: exit, resolve: ended } = Promise.withResolvers<void>();
  child.once('exit', () => ended());

  async function stop() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await exit;
    clearTimeout(timer);
  }

  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const value = parsed(said);
    if (value !== undefined) resolve(value);
  });
  child.once('exit', (code) => reject(new Error(`${script} ended with ${code ?? 'a signal'} before it was ready; see ${errors}`)));
  const ready = await promise;
  if (child.pid === undefined) throw new Error(`${script} could not be started`);
  return { pid: child.pid, ready, stop, [Symbol.asyncDispose]: stop };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
