/**
 * The keeper: the only process that holds the key of the node. It is started by `openKeeper` under `keeperArguments`.
 *
 * Frames over the standard streams, in order and without ids: out, once, the public key (65 bytes); then for each digest
 * in (32 bytes) a signature out (r ‖ s ‖ v, 65 bytes). It ends when its input ends, which is also how it dies with its parent.
 * With the argument `given` the first 32 bytes in are the key: that of the owner's who pays for gas. Otherwise it makes one.
 * The loop is synchronous on purpose: no event loop, no socket object and no timer exist beside the key.
 */
import { randomFillSync } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import secp256k1 from 'secp256k1';
import { secretBuffer } from './secret.ts';

const key = secretBuffer(32);
if (process.argv[2] === 'given') {
  if (!readFully(key) || !secp256k1.privateKeyVerify(key)) throw new Error('The key that was given is none of this curve');
} else {
  do randomFillSync(key);
  while (!secp256k1.privateKeyVerify(key));
}

writeFully(secp256k1.publicKeyCreate(key, false));
const digest = Buffer.alloc(32);
while (readFully(digest)) {
  const { signature, recid } = secp256k1.ecdsaSign(digest, key);
  writeFully(Buffer.concat([signature, Uint8Array.of(27 + recid)]));
}
key.fill(0);

/** False at the end of the input. */
function readFully(target: Buffer): boolean {
  for (let filled = 0; filled < target.length;) {
    const count = readSync(0, target, filled, target.length - filled, null);
    if (count === 0) return false;
    filled += count;
  }
  return true;
}

function writeFully(bytes: Uint8Array) {
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}
