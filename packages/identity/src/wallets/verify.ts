import { createPublicKey, verify } from 'node:crypto';
import { followKeyChain, fromHex, toHex, type Hex, type VerifyAnswer, type VerifyRequest } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import { recoverPublicKey } from '../recover.ts';
import { whatIsSigned } from './what-is-signed.ts';

/** SubjectPublicKeyInfo of ed25519, up to the key. */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Whether a key signed a message, and where the key comes from when its chain is sent with it. Pure: the node keeps nothing of it, and
 * whoever has the public key can do the same.
 */
export function verifySigned(
  request: VerifyRequest,
  { appId, trustedRoots }: { appId: Hex | undefined; trustedRoots: readonly Hex[] },
): VerifyAnswer {
  const publicKey = publicKeyIn(request.pubKeyHex);
  const valid = publicKey !== undefined && isSignedBy(request, publicKey);
  const { purpose, signature_chain: chain } = request;
  if (purpose === undefined || chain === undefined) return { valid };
  const links =
    publicKey &&
    appId &&
    followKeyChain({
      publicKey: publicKey.length === 32 ? publicKey : secp256k1.publicKeyConvert(publicKey, true),
      purpose,
      chain,
      appId: fromHex(appId),
      recover: (digest, signature) => recoverPublicKey(digest, signature, { compressed: true }),
    });
  return {
    valid,
    chain: {
      trusted: links !== undefined && trustedRoots.includes(links.root),
      application: links?.application ?? null,
      root: links?.root ?? null,
    },
  };
}

function isSignedBy(request: VerifyRequest, publicKey: Uint8Array): boolean {
  const { algorithm, data } = whatIsSigned(request);
  if (!/^(0x)?([0-9a-fA-F]{2})*$/.test(request.signature)) return false;
  const signature = fromHex(request.signature);
  if (algorithm === 'ed25519') return publicKey.length === 32 && signature.length === 64 && isEd25519(data, signature, publicKey);
  const signer = recoverPublicKey(data, signature);
  return publicKey.length === 65 && signer !== undefined && toHex(signer) === toHex(publicKey);
}

const isEd25519 = (data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean =>
  verify(null, data, createPublicKey({ key: Buffer.concat([ed25519Head, publicKey]), format: 'der', type: 'spki' }), signature);

/** Uncompressed for secp256k1; undefined for a point that is not on the curve. */
function publicKeyIn(text: string): Uint8Array | undefined {
  const bytes = fromHex(text);
  if (bytes.length === 32) return bytes;
  try {
    return secp256k1.publicKeyConvert(bytes, false);
  } catch {
    return undefined;
  }
}
