import { addressOfPublicKey, type Address, type Hex } from '@freehold/protocol';
import secp256k1 from 'secp256k1';

/** Half the order of the curve, big-endian: an s above it is the malleable twin of another signature (EIP-2). */
const highestS = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex');

/**
 * Who signed these 32 bytes, or undefined when nobody can have. Never throws, so it is safe on whatever a stranger sends.
 *
 * Takes the recovery byte as 27/28 or 0/1. A high s is refused, as the token contracts do: one act of signing has one signature.
 */
export function recoverAddress(digest: Uint8Array, signature: Hex): Address | undefined {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) return undefined;
  const publicKey = recoverPublicKey(digest, Buffer.from(signature.slice(2), 'hex'));
  return publicKey && addressOfPublicKey(publicKey);
}

/** The same for its public key: uncompressed (65 bytes), or compressed (33). */
export function recoverPublicKey(digest: Uint8Array, signature: Uint8Array, { compressed = false } = {}): Uint8Array | undefined {
  if (digest.length !== 32 || signature.length !== 65) return undefined;
  const bytes = Buffer.from(signature);
  const v = bytes[64] ?? 0;
  const recoveryId = v >= 27 ? v - 27 : v;
  if (recoveryId > 1 || highestS.compare(bytes, 32, 64) < 0) return undefined;
  try {
    return secp256k1.ecdsaRecover(bytes.subarray(0, 64), recoveryId, digest, compressed);
  } catch {
    return undefined;
  }
}
