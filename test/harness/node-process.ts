import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'packages/cli/src/main.ts');

export type NodeProcess = {
  url: string;
  claimCode: string;
  pid: number;
  dataDirectory: string;
  stop: () => Promise<number | null>;
  kill: () => Promise<void>;
};

export const temporaryDirectory = (): { path: string; remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'freehold-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** A node as a user starts it, in a process of its own. */
export async function startNodeProcess(dataDirectory: string, env: Record<string, string> = {}): Promise<NodeProcess> {
  const child = spawn(process.execPath, [cli, 'up', '--port', '0', '--data', dataDirectory, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  let said = '';
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const facts = await new Promise<{ url: string; claimCode?: string }>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      try {
        resolve(JSON.parse(output));
      } catch {
        // Not all of it has come yet.
      }
    });
    child.on('exit', (code) => reject(new Error(`The node ended with ${code} before it was ready:\n${said.slice(-4000)}`)));
  });
  return {
    url: facts.url,
    claimCode: facts.claimCode ?? '',
    pid: child.pid ?? 0,
    dataDirectory,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export type CommandResult = { code: number | null; stdout: string; stderr: string };

/** Runs `freehold` as a user would. */
export function freehold(
  args: readonly string[],
  { node, cwd = root, env = {} }: { node: string; cwd?: string; env?: Record<string, string> },
): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, FREEHOLD_NODE: node, ...env },
  });
  return { code: status, stdout, stderr };
}

export const hasCurl = (): boolean => spawnSync('curl', ['--version']).status === 0;
