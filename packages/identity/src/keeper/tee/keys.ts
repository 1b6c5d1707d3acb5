import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import secp256k1 from 'secp256k1';
import { secretBuffer } from '../secret.ts';

/** What a key can do, whatever its curve. The secret goes in as bytes and stays where it is; nothing here makes text of it. */
export type Key = {
  /** secp256k1: uncompressed, 65 bytes; ed25519: 32 bytes. */
  publicKey(): Uint8Array;
  /** secp256k1 signs 32 bytes: r ‖ s ‖ v with a low s and v of 27 or 28. ed25519 signs any bytes: 64 bytes. */
  sign(data: Uint8Array): Uint8Array;
};

/** PKCS #8 of an ed25519 key, up to the seed. */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex');

export function keyOf(secret: Buffer, algorithm: string): Key {
  if (algorithm === 'secp256k1') {
    return {
      publicKey: () => secp256k1.publicKeyCreate(secret, false),
      sign(data) {
        const { signature, recid } = secp256k1.ecdsaSign(data, secret);
        return Buffer.concat([signature, Uint8Array.of(27 + recid)]);
      },
    };
  }
  if (algorithm !== 'ed25519') throw new Error('there is no such algorithm');
  const key = ed25519Key(secret);
  return {
    publicKey: () => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32),
    sign: (data) => sign(null, data, key),
  };
}

/** OpenSSL holds the key from here on. */
function ed25519Key(seed: Buffer): KeyObject {
  const encoded = secretBuffer(ed25519Head.length + seed.length);
  ed25519Head.copy(encoded);
  seed.copy(encoded, ed25519Head.length);
  try {
    return createPrivateKey({ key: encoded, format: 'der', type: 'pkcs8' });
  } finally {
    encoded.fill(0);
  }
}
