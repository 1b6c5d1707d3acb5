import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server that others wrote. */
export type Peer = AsyncDisposable & { name: string; url: string; pid: number };

const patienceMs = 5000;

/** A port of this machine that was free a moment ago: these servers do not choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a program that stays in the foreground. `stop` ends it with all that it started: fcgiwrap leaves its workers behind. */
export function startProgram(command: string, args: readonly string[], errors: string, env = process.env) {
  const log = openSync(errors, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true, env });
  closeSync(log);
  child.on('error', () => {});
  return { child, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), patienceMs);
  await once(child, 'exit');
  clearTimeout(timer);
}

/** Waits until the URL answers 200. */
export async function answering(url: string): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const status = await fetch(url).then(
      async (response) => (await response.text(), response.status),
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > end) throw new Error(`${url} does not answer (${status})`);
    await delay(20);
  }
}
