import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAtomically } from './atomic.ts';
import { ContractsError } from './error.ts';
import type { Log } from './local-chain.ts';

/** A running anvil process, ours to stop. */
export type Anvil = { pid: number; port: number; stop(): Promise<void> };

/** Path of the anvil program for this machine, or undefined where npm has none. It is started directly: the npm wrapper would leave an orphan. */
export function anvilBinary(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/package.json');
    return join(dirname(manifest), 'bin', 'anvil');
  } catch {
    return undefined;
  }
}

/** How long a live process may take to answer on a busy machine. */
const patienceMs = 15_000;

const recordFile = (directory: string) => join(directory, 'process.json');

/**
 * The anvil that an earlier start on this directory left running, if there is one. A process is ours when it is an anvil
 * whose working directory is this directory: a process id or port alone may belong to somebody else by now. One that is
 * ours but does not answer is ended.
 */
export async function attachAnvil({ directory, log }: { directory: string; log: Log }): Promise<Anvil | undefined> {
  const record = readRecord(directory);
  if (!record || !isOurs(record.pid, directory)) return undefined;
  const anvil = { ...record, stop: () => stopProcess(record.pid, directory) };
  if (await answers(record.port, patienceMs)) return anvil;
  log('chain.unresponsive', { pid: record.pid });
  await anvil.stop();
  return undefined;
}

/** Starts anvil detached from this process, in a session of its own, so that neither kill -9 nor Ctrl-C of the node ends it. */
export async function spawnAnvil({
  binary,
  directory,
  port,
  chainId = 31337,
  log,
  signal,
}: {
  binary: string;
  directory: string;
  port?: number;
  chainId?: number;
  log: Log;
  signal?: AbortSignal;
}): Promise<Anvil> {
  const attempts = port === undefined ? 3 : 1;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    signal?.throwIfAborted();
    const chosen = await freePort(port);
    if (chosen === undefined) break;
    const child = spawn(binary, ['--host', '127.0.0.1', '--port', String(chosen), '--chain-id', String(chainId), '--silent', '--no-cors'], {
      cwd: directory,
      detached: true,
      stdio: 'ignore',
      env: {},
    });
    child.unref();
    const failure = new Promise<false>((resolve) => child.once('error', () => resolve(false)).once('exit', () => resolve(false)));
    const { pid } = child;
    if (pid !== undefined) {
      await writeAtomically(recordFile(directory), JSON.stringify({ pid, port: chosen }));
      if (await Promise.race([answers(chosen, patienceMs, signal), failure])) {
        return { pid, port: chosen, stop: () => stopProcess(pid, directory) };
      }
      await stopProcess(pid, directory);
    }
    log('chain.start_failed', { port: chosen, attempt });
  }
  throw new ContractsError(
    'chain_failed',
    500,
    port === undefined
      ? 'The local test chain does not start on this machine, so functions cannot be sold. Its log is in the data directory; freehold doctor says what is missing.'
      : `The local test chain cannot listen on port ${port}. Is another program using it? Leave the port out to have a free one chosen.`,
  );
}

function readRecord(directory: string): { pid: number; port: number } | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(recordFile(directory), 'utf8'));
    if (typeof record !== 'object' || record === null || !('pid' in record) || !('port' in record)) return undefined;
    const { pid, port } = record;
    return Number.isSafeInteger(pid) && Number.isSafeInteger(port) ? { pid: Number(pid), port: Number(port) } : undefined;
  } catch {
    return undefined;
  }
}

/** Also when the directory, given as a real path, has been removed meanwhile: the kernel then says so behind its name. */
function isOurs(pid: number, directory: string): boolean {
  try {
    const isAnvil = basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('anvil');
    return isAnvil && [directory, `${directory} (deleted)`].includes(readlinkSync(`/proc/${pid}/cwd`));
  } catch {
    return false;
  }
}

/** SIGTERM, then SIGKILL after two seconds; only ever a process that is ours at that moment. */
async function stopProcess(pid: number, directory: string): Promise<void> {
  for (let waitedMs = 0; isOurs(pid, directory); waitedMs += 20) {
    if (waitedMs === 0) process.kill(pid, 'SIGTERM');
    if (waitedMs === 2_000) process.kill(pid, 'SIGKILL');
    if (waitedMs > 4_000) break;
    await sleep(20);
  }
  rmSync(recordFile(directory), { force: true });
}

/** Waits until an anvil answers on the port. */
async function answers(port: number, withinMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'web3_clientVersion', params: [] });
  while (Date.now() < deadline) {
    if (signal?.aborted) return false;
    try {
      const response = await fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(1_000),
      });
      const answer: unknown = await response.json();
      return typeof answer === 'object' && answer !== null && 'result' in answer && String(answer.result).startsWith('anvil/');
    } catch {
      await sleep(20);
    }
  }
  return false;
}

/**
 * The wanted port, or any, if it is free now. Asked first because another anvil on it would answer in place of ours. Another
 * program may still take it before anvil does; then the next attempt gets another one.
 */
function freePort(wanted = 0): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address && typeof address === 'object' ? address.port : undefined));
    });
  });
}
