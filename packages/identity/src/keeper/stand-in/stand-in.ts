import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex, type Hex } from '@freehold/protocol';
import { IdentityError } from '../../error.ts';
import { standInRootKey } from './derive.ts';

export type StandIn = { path: string; stop(): Promise<void> };

/** The compressed public key to which the stand-in's chains lead. Trust it in development only: everybody can make its keys. */
export const standInRoot: Hex = toHex(standInRootKey);

/** Starts the development stand-in of the key service, in a process of its own, at a socket in a private folder. Errors: `keeper_failed`. */
export async function openStandIn(): Promise<StandIn> {
  // Not in the data directory: the path of a Unix socket has room for 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'freehold-keys-'));
  const path = join(folder, 'dstack.sock');
  const child = spawn(process.execPath, ['--no-warnings', fileURLToPath(new URL('./process.ts', import.meta.url)), path], {
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: process.platform !== 'win32',
  });
  const ended = once(child, 'close');
  child.stdin.on('error', () => undefined);
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => {
      throw new IdentityError('keeper_failed', 503, 'The development stand-in of the key service did not start.');
    }),
  ]);
  return {
    path,
    async stop() {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
