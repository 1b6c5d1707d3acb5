import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { startNodeProcess, temporaryDirectory } from './node-process.ts';

export type Run = { code: number | null; output: string };

export type MountedNode = {
  /** The address of the drive for WebDAV programs, with a slash at its end. */
  url: string;
  user: string;
  password: string;
  /** The private key of the account's wallet. */
  key: string;
  /** A folder for the test's own files; removed at its end. */
  folder: string;
  /** Runs a program there and answers all that it said; killed after `minutes`. */
  run(command: string, args: readonly string[], options?: { env?: Record<string, string>; input?: string; minutes?: number }): Promise<Run>;
};

/** A node as a user starts it, with an app password for programs that mount the drive. */
export async function startMountedNode(t: TestContext): Promise<MountedNode> {
  const place = temporaryDirectory();
  const node = await startNodeProcess(join(place.path, 'data'));
  t.after(async () => {
    await node.stop();
    place.remove();
  });
  const key = generatePrivateKey();
  const wallet = privateKeyToAccount(key);
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    const response = await fetch(new URL(path, node.url), init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return JSON.parse(await response.text());
  };
  const { nonce, message } = await post('/api/auth/challenge', { address: wallet.address });
  const { token } = await post('/api/auth/login', { nonce, signature: await wallet.signMessage({ message }), transport: 'bearer' });
  const { password } = await post('/api/app-passwords', { label: 'peers', access: 'write' }, { authorization: `Bearer ${token}` });

  return {
    url: `${node.url}/dav/`,
    user: wallet.address,
    password,
    key,
    folder: place.path,
    run: (command, args, { env = {}, input = '', minutes = 5 } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(command, args, { cwd: place.path, env: { ...process.env, ...env }, timeout: minutes * 60_000 });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, output }));
        child.stdin.on('error', () => {});
        child.stdin.end(input);
      }),
  };
}
