import { createPublicKey, createPrivateKey, hkdfSync, createHash } from 'node:crypto';
import { issuedDigest, purposeDigest } from '@freehold/protocol';
import secp256k1 from 'secp256k1';

/** dstack's key tree, for the development stand-in and for tests: the same derivation, from a root that is no secret. */

/** HKDF-SHA256 with dstack's salt. */
export const derive = (secret: Uint8Array, ...context: (Uint8Array | string)[]): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'RATLS', Buffer.concat(context.map((part) => Buffer.from(part))), 32));

export type Issuer = { key: Buffer; appId: Buffer; issued: Buffer };

/** The root of the stand-in: known to everybody, so that nobody takes what it signs for the word of a machine. */
export const standInRoot = createHash('sha256').update('freehold development key service: NOT A TEE').digest();
export const standInRootKey = Buffer.from(secp256k1.publicKeyCreate(standInRoot, true));

/** The key that a service with this root gives to an application. */
export function issue(root: Uint8Array, appId: Uint8Array): Issuer {
  const key = derive(root, appId, 'app-key');
  return { key, appId: Buffer.from(appId), issued: sign(issuedDigest(appId, secp256k1.publicKeyCreate(key, true)), root) };
}

/** GetKey of the guest agent. The path alone makes the key, and the purpose alone is signed. Errors: Error for an unknown algorithm. */
export function issueKey(
  { key: issuer, issued }: Issuer,
  { path, purpose, algorithm }: { path: string; purpose: string; algorithm: string },
) {
  const key = derive(issuer, path);
  const publicKey = publicKeyOf(key, algorithm);
  return { key, publicKey, chain: [sign(purposeDigest(purpose, publicKey), issuer), issued] };
}

function publicKeyOf(key: Buffer, algorithm: string): Buffer {
  if (['', 'secp256k1', 'k256'].includes(algorithm)) return Buffer.from(secp256k1.publicKeyCreate(key, true));
  if (algorithm !== 'ed25519') throw new Error('Unsupported algorithm');
  return createPublicKey(ed25519KeyOf(key)).export({ format: 'der', type: 'spki' }).subarray(-32);
}

export const ed25519KeyOf = (seed: Buffer) =>
  createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });

/** r ‖ s ‖ 0 or 1. */
export function sign(digest: Uint8Array, key: Uint8Array): Buffer {
  const { signature, recid } = secp256k1.ecdsaSign(digest, key);
  return Buffer.concat([signature, Uint8Array.of(recid)]);
}
