import { randomBytes } from 'node:crypto';
import { addressOfPublicKey, hashPersonalMessage, toHex, type Address, type Hex } from '@freehold/protocol';
import secp256k1 from 'secp256k1';

export type TestWallet = { address: Address; sign(message: string): Hex; signDigest(digest: Uint8Array): Hex };

/** A wallet as people have it: `personal_sign` over a text. */
export function makeWallet(): TestWallet {
  const key = randomBytes(32);
  const signDigest = (digest: Uint8Array) => {
    const { signature, recid } = secp256k1.ecdsaSign(digest, key);
    return toHex(Uint8Array.of(...signature, 27 + recid));
  };
  return {
    address: addressOfPublicKey(secp256k1.publicKeyCreate(key, false)),
    signDigest,
    sign: (message) => signDigest(hashPersonalMessage(message)),
  };
}

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The malleable twin: n − s and the other recovery byte, valid mathematics for the same signer. */
export function malleate(signature: Hex): Hex {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const v = Number.parseInt(signature.slice(130), 16) === 27 ? '1c' : '1b';
  return `0x${signature.slice(2, 66)}${(order - s).toString(16).padStart(64, '0')}${v}`;
}
