import { addressOfPublicKey, toHex, type Hex } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import type { Signer } from './rails/exact/sender.ts';

/** The key that claims and refunds for the sellers of a node, from 32 bytes that the node keeps. */
export function openAuthorizer(key: Uint8Array): Signer {
  return {
    address: addressOfPublicKey(secp256k1.publicKeyCreate(key, false)),
    async signDigest(digest): Promise<Hex> {
      const { signature, recid } = secp256k1.ecdsaSign(digest, key);
      return `${toHex(signature)}${(27 + recid).toString(16)}` as Hex;
    },
  };
}
