import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { IdentityError } from '../error.ts';
import { teeKeeperArguments } from './arguments.ts';

/**
 * Runs a keeper by itself, at a socket that only the same user can open, until `signal`. Nodes connect to it with FREEHOLD_KEEPER, so that
 * the container that has dstack's socket is one that holds nothing else. Errors: `keeper_failed`, when it ends by itself.
 */
export async function serveKeeper({
  servicePath,
  listenPath,
  signal,
}: {
  servicePath: string;
  listenPath: string;
  signal: AbortSignal;
}): Promise<void> {
  // A keeper that was killed left its socket.
  rmSync(listenPath, { force: true });
  const child = spawn(process.execPath, teeKeeperArguments({ servicePath, listenPath }), { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4096)));
  const stop = () => void child.kill();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'close');
  if (signal.aborted) return;
  throw new IdentityError(
    'keeper_failed',
    503,
    `The keeper ended: ${complaint.trim() || 'it said nothing'}. Is dstack's socket at ${servicePath}?`,
  );
}
