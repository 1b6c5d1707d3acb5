import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { addressOfPublicKey, toHex, type Address, type Hex } from '@freehold/protocol';
import { IdentityError } from '../error.ts';
import type { Log } from '../log.ts';
import { keeperArguments } from './arguments.ts';

const script = fileURLToPath(new URL('./process.ts', import.meta.url));
const digestLength = 32;
const publicKeyLength = 65;
const signatureLength = 65;

export type Keeper = {
  /** The address of the key that this keeper made, or was given, when it started. */
  readonly address: Address;
  /** Signs 32 bytes: r ‖ s ‖ v with a low s and v of 27 or 28. Errors: `keeper_failed`. */
  signDigest(digest: Uint8Array): Promise<Hex>;
  /** Ends the process; the key is gone with it. */
  stop(): Promise<void>;
};

/**
 * Starts the process that makes and holds the node's key. The key exists only in that process's memory, so it is never
 * restarted: its death is final, and `onDeath` hears of it unless `stop` was the cause. A node should then stop too.
 * Errors: `keeper_failed`, with what the process said before it had a key.
 */
export async function openKeeper({
  log,
  onDeath,
  signal,
  key,
}: {
  log: Log;
  onDeath?: () => void;
  signal?: AbortSignal;
  /** A key that its owner has, in the place of one that is made: 32 bytes. They are wiped when they are handed over. */
  key?: Uint8Array;
}): Promise<Keeper> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [...keeperArguments(script), ...(key ? ['given'] : [])], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C reaches the node alone, which still has receipts to sign while it stops.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const waiting: { resolve: (signature: Hex) => void; reject: (error: IdentityError) => void }[] = [];
  let received: Buffer = Buffer.alloc(0);
  let complaint = '';
  let state: 'starting' | 'ready' | 'stopping' | 'dead' = 'starting';
  const started = Promise.withResolvers<Address>();
  const ended = Promise.withResolvers<void>();

  child.stdout.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (state === 'starting' && received.length >= publicKeyLength) {
      state = 'ready';
      started.resolve(addressOfPublicKey(received.subarray(0, publicKeyLength)));
      received = received.subarray(publicKeyLength);
    }
    for (; received.length >= signatureLength; received = received.subarray(signatureLength)) {
      waiting.shift()?.resolve(toHex(received.subarray(0, signatureLength)));
    }
  });
  // Kept only while there is no key: afterwards nothing that the keeper says may reach a log.
  child.stderr.on('data', (chunk: Buffer) => {
    if (state === 'starting') complaint = (complaint + chunk.toString()).slice(0, 4096);
  });
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, killedBy) => end(killedBy ? `it was ended by ${killedBy}` : `it ended with ${code}`));

  function end(reason: string) {
    if (state === 'dead') return;
    const wasStopping = state === 'stopping';
    const wasReady = state === 'ready';
    state = 'dead';
    const error = new IdentityError('keeper_failed', 503, `The keeper of the node's key is gone: ${reason}. Start the node again.`, {
      cause: complaint || undefined,
    });
    for (const { reject } of waiting.splice(0)) reject(error);
    started.reject(error);
    ended.resolve();
    log(wasStopping ? 'keeper.stopped' : 'keeper.died', { reason });
    if (wasReady) onDeath?.();
  }

  async function stop() {
    if (state === 'dead') return;
    state = 'stopping';
    child.stdin.end();
    const impatience = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended.promise;
    clearTimeout(impatience);
  }

  if (key) child.stdin.write(key, () => key.fill(0));
  signal?.addEventListener('abort', () => void stop(), { once: true });
  const address = await started.promise;
  log('keeper.started', { address });
  return {
    address,
    async signDigest(digest) {
      if (digest.length !== digestLength) throw new TypeError('A digest has 32 bytes');
      if (state !== 'ready') throw new IdentityError('keeper_failed', 503, 'The node is stopping and signs nothing more.');
      return new Promise<Hex>((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(digest);
      });
    },
    stop,
  };
}
