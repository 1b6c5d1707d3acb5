import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the server prepared so that an attempt that gets out would succeed: a file of its own and a listening port. */
export type Bait = { file: string; port: number };
export type Attempt = { name: string; passed: boolean; detail: string };

/**
 * Run inside the sandbox at start: tries to get out in every way that a host process taken over by a guest would, and says
 * what happened. An attempt passes when it failed. Nothing here is done by Node's permission model, which such a guest
 * would not meet: it is the operating system that has to refuse.
 */
export async function attempt({ file, port }: Bait): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const mustFail = async (name: string, act: () => unknown) => {
    try {
      await act();
      attempts.push({ name, passed: false, detail: 'it succeeded' });
    } catch (error) {
      attempts.push({ name, passed: true, detail: codeOf(error) });
    }
  };
  await mustFail('reads no file of the system', () => readFileSync('/etc/passwd'));
  await mustFail('reads no file of the node', () => readFileSync(file));
  await mustFail('reads no process', () => readFileSync(`/proc/${process.ppid || 1}/environ`));
  await mustFail('writes no file of the node', () => writeFileSync(file, 'written by a guest'));
  for (const folder of [tmpdir(), '/dev/shm', process.cwd()]) {
    await mustFail(`creates no file in ${folder}`, () => {
      const path = join(folder, `freehold-escape-${process.pid}`);
      writeFileSync(path, '');
      rmSync(path);
    });
  }
  await mustFail('opens no connection', () => connected(port));
  await mustFail('starts no program', () => {
    const { error } = spawnSync(process.execPath, ['--version']);
    if (error !== undefined) throw error;
  });
  // oxlint-disable-next-line house/no-process-env -- the question is what a guest would find there
  const inherited = Object.keys(process.env).filter((name) => name !== 'OPENSSL_CONF');
  attempts.push({ name: 'inherits no environment', passed: inherited.length === 0, detail: inherited.join(', ') });
  return attempts;
}

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
